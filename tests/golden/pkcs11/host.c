/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - the corners of PKCS#11: nested templates, mechanism parameters, lengths, mutexes
 *
 * Prints nothing that differs from run to run, so that a proxy can be compared with the module.
 */
#define CRYPTOKI_GNU
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ck_function_list *f;
static ck_session_handle_t session;
static ck_slot_id_t slot;
static ck_object_handle_t key, public_key, private_key;
static unsigned char yes = 1, text[] = "hello world";
static int mutexes;

static void must(const char *what, ck_rv_t rv)
{
	if (rv)
		printf("%s: 0x%lx\n", what, rv);
}

#define MUST(call) must(#call, call)

static ck_rv_t create_mutex(void **mutex)
{
	pthread_mutex_t *m = malloc(sizeof(*m));

	if (!m)
		return CKR_HOST_MEMORY;
	pthread_mutex_init(m, NULL);
	mutexes++;
	*mutex = m;
	return CKR_OK;
}

static ck_rv_t destroy_mutex(void *mutex)
{
	free(mutex);
	return CKR_OK;
}

static ck_rv_t lock_mutex(void *mutex)
{
	return pthread_mutex_lock(mutex) ? CKR_MUTEX_BAD : CKR_OK;
}

static ck_rv_t unlock_mutex(void *mutex)
{
	return pthread_mutex_unlock(mutex) ? CKR_MUTEX_BAD : CKR_OK;
}

static void start(void)
{
	struct ck_c_initialize_args args = {
		create_mutex, destroy_mutex, lock_mutex, unlock_mutex, 0, NULL};
	ck_slot_id_t slots[16];
	unsigned long n = 16;

	MUST(f->C_Initialize(&args));
	printf("mutexes of the host are used: %d\n", mutexes > 0);
	args.reserved = &args;
	printf("initialised twice: 0x%lx\n", f->C_Initialize(&args));
	MUST(f->C_GetSlotList(1, slots, &n));
	slot = slots[0];
	MUST(f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	MUST(f->C_Login(session, CKU_USER, (unsigned char *)"1234", 4));
}

static void nested_templates(void)
{
	ck_object_class_t class = CKO_SECRET_KEY, class_read = 99;
	unsigned char encrypt_read = 9;
	unsigned long length = 32;
	struct ck_attribute inner[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_ENCRYPT, &yes, 1}};
	struct ck_attribute outer[] = {{CKA_VALUE_LEN, &length, sizeof(length)},
				       {CKA_ENCRYPT, &yes, 1},
				       {CKA_DECRYPT, &yes, 1},
				       {CKA_WRAP, &yes, 1},
				       {CKA_WRAP_TEMPLATE, inner, sizeof(inner)}};
	struct ck_attribute read[] = {{CKA_CLASS, &class_read, sizeof(class_read)},
				      {CKA_ENCRYPT, &encrypt_read, 1}};
	struct ck_attribute query = {CKA_WRAP_TEMPLATE, NULL, 0};
	struct ck_mechanism mechanism = {CKM_AES_KEY_GEN, NULL, 0};

	MUST(f->C_GenerateKey(session, &mechanism, outer, 5, &key));
	MUST(f->C_GetAttributeValue(session, key, &query, 1));
	printf("a nested template takes %lu\n", query.value_len);
	query.value = read;
	query.value_len = sizeof(read);
	MUST(f->C_GetAttributeValue(session, key, &query, 1));
	printf("and holds class %lu (%lu), encrypt %d (%lu)\n", class_read, read[0].value_len,
	       encrypt_read, read[1].value_len);
}

/* Some readable, some not, some too small: each says so in its length. */
static void mixed_query(void)
{
	unsigned char label[4], flag;
	struct ck_attribute list[] = {{CKA_LABEL, label, sizeof(label)},
				      {CKA_VALUE, NULL, 0},
				      {CKA_MODULUS, label, sizeof(label)},
				      {CKA_ENCRYPT, &flag, 1},
				      {CKA_CLASS, label, 2}};

	printf("mixed query: 0x%lx:", f->C_GetAttributeValue(session, key, list, 5));
	for (int i = 0; i < 5; i++)
		printf(" %ld", (long)list[i].value_len);
	putchar('\n');
}

static void round_trip(const char *what, struct ck_mechanism *mechanism, ck_object_handle_t with,
		       ck_object_handle_t back)
{
	unsigned char secret[300], plain[300] = "";
	unsigned long n = sizeof(secret), m = sizeof(plain);

	MUST(f->C_EncryptInit(session, mechanism, with));
	MUST(f->C_Encrypt(session, text, sizeof(text), secret, &n));
	MUST(f->C_DecryptInit(session, mechanism, back));
	MUST(f->C_Decrypt(session, secret, n, plain, &m));
	printf("%s: %lu bytes, back %lu: %s\n", what, n, m, plain);
}

static void make_pair(void)
{
	unsigned char exponent[] = {1, 0, 1};
	unsigned long bits = 1024;
	struct ck_attribute public_template[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
						 {CKA_PUBLIC_EXPONENT, exponent, 3},
						 {CKA_ENCRYPT, &yes, 1}};
	struct ck_attribute private_template[] = {{CKA_DECRYPT, &yes, 1}, {CKA_SENSITIVE, &yes, 1}};
	struct ck_mechanism mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};

	MUST(f->C_GenerateKeyPair(session, &mechanism, public_template, 3, private_template, 2,
				  &public_key, &private_key));
}

static void parameters(void)
{
	unsigned char iv[12] = {1}, aad[] = "additional";
	struct ck_gcm_params gcm = {iv, sizeof(iv), 96, aad, sizeof(aad), 128};
	struct ck_aes_ctr_params ctr = {128, {7}};
	struct ck_rsa_pkcs_oaep_params oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL,
					       0};
	struct ck_mechanism mechanisms[] = {{CKM_AES_GCM, &gcm, sizeof(gcm)},
					    {CKM_AES_CTR, &ctr, sizeof(ctr)},
					    {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)}};
	struct ck_mechanism unknown = {0x80001234, NULL, 0};

	round_trip("GCM", &mechanisms[0], key, key);
	round_trip("CTR", &mechanisms[1], key, key);
	round_trip("OAEP", &mechanisms[2], public_key, public_key ? private_key : 0);
	printf("an unknown mechanism: 0x%lx\n", f->C_EncryptInit(session, &unknown, key));
	unknown.parameter = &gcm;
	unknown.parameter_len = sizeof(gcm);
	printf("with a parameter it is refused: %d\n",
	       f->C_EncryptInit(session, &unknown, key) != CKR_OK);
	mechanisms[2].parameter_len = 4;
	printf("so is a parameter that is too short: %d\n",
	       f->C_EncryptInit(session, &mechanisms[2], public_key) != CKR_OK);
}

static void lengths(void)
{
	struct ck_aes_ctr_params ctr = {128, {7}};
	struct ck_mechanism mechanism = {CKM_AES_CTR, &ctr, sizeof(ctr)};
	unsigned char out[64] = "";
	unsigned long n = 0;

	MUST(f->C_EncryptInit(session, &mechanism, key));
	MUST(f->C_Encrypt(session, text, sizeof(text), NULL, &n));
	printf("length asked for: %lu\n", n);
	n = 3;
	printf("too small: 0x%lx", f->C_Encrypt(session, text, sizeof(text), out, &n));
	printf(" %lu, untouched: %d\n", n, out[0] == 0);
	n = sizeof(out);
	MUST(f->C_Encrypt(session, text, sizeof(text), out, &n));
	printf("enough: %lu\n", n);
	mechanism = (struct ck_mechanism){CKM_SHA256, NULL, 0};
	n = sizeof(out);
	MUST(f->C_DigestInit(session, &mechanism));
	MUST(f->C_DigestUpdate(session, (unsigned char *)"abc", 3));
	MUST(f->C_DigestFinal(session, out, &n));
	printf("digest: %lu %02x%02x\n", n, out[0], out[1]);
}

static void refusals(void)
{
	unsigned char exponent[8];
	struct ck_attribute sensitive = {CKA_PRIVATE_EXPONENT, exponent, sizeof(exponent)};
	struct ck_session_info info;
	ck_slot_id_t where = 0;

	printf("sensitive: 0x%lx\n", f->C_GetAttributeValue(session, private_key, &sensitive, 1));
	printf("NULL: 0x%lx\n", f->C_GetInfo(NULL));
	printf("no such session: 0x%lx\n", f->C_GetSessionInfo(99999, &info));
	printf("no event: 0x%lx\n", f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &where, NULL));
	printf("not parallel: 0x%lx\n", f->C_GetFunctionStatus(session));
}

static void end(void)
{
	MUST(f->C_DestroyObject(session, key));
	MUST(f->C_CloseSession(session));
	printf("closed twice: 0x%lx\n", f->C_CloseSession(session));
	MUST(f->C_Finalize(NULL));
	printf("finalised twice: 0x%lx\n", f->C_Finalize(NULL));
}

int main(int argc, char **argv)
{
	void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList list =
		module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;

	if (!list || list(&f))
		return 2;
	start();
	nested_templates();
	mixed_query();
	make_pair();
	parameters();
	lengths();
	refusals();
	end();
	return 0;
}
