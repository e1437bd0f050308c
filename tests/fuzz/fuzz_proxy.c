/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_proxy.c - a host calls the generated PKCS#11 proxy; what the stub replies is the input
 *
 * Input: a byte for the generation, one for the function, some for the shapes of its arguments (a call
 * takes what it needs), then messages as host.c takes them. Further calls follow while there is input.
 */
#include "host.h"
#include "pkcs11_host.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A letter per argument, or two for a pair:
 *	s o w	session, object, number		n	a pointer that must be NULL
 *	i	in bytes and their number	b	out buffer and its length, in and out
 *	l	the same of numbers		m	mechanism
 *	t q	template and count; query	h	where a new handle goes
 *	f	objects, room, number found	r	out bytes and their number
 *	c	application and notify		a	C_Initialize's
 *	p	32 bytes			1-6	structs that come out, by struct_size
 */
static const struct function {
	nacre_function f;
	const char *args;
} functions[] = {
#define F(name, args) {(nacre_function)name, args},
	PKCS11_FUNCTIONS(F)
#undef F
};
enum { COUNT = sizeof(functions) / sizeof(*functions) };

static const size_t struct_size[] = {
	sizeof(struct ck_info),		  sizeof(struct ck_slot_info),
	sizeof(struct ck_token_info),	  sizeof(struct ck_mechanism_info),
	sizeof(struct ck_session_info), sizeof(unsigned long),
};

typedef unsigned long word;

static void call_one(int depth);
static int nested;

/* A host that calls from its callbacks, and goes on where one of these calls failed. */
static void call_back(void)
{
	while (nested < 3 && (input_byte(&host_input) & 1))
		call_one(++nested);
}

static ck_rv_t host_create(void **mutex)
{
	static char mutexes[8];

	*mutex = &mutexes[input_byte(&host_input) & 7];
	return input_byte(&host_input);
}

static ck_rv_t host_mutex(void *mutex)
{
	if (mutex && *(char *)mutex)
		abort();
	call_back();
	return input_byte(&host_input);
}

static ck_rv_t host_notify(ck_session_handle_t session, ck_notification_t event, void *application)
{
	(void)session;
	(void)event;
	if (application && *(char *)application)
		abort();
	call_back();
	return input_byte(&host_input);
}

/* A capacity: often a small one, sometimes none. */
static size_t room(void)
{
	static const uint16_t rooms[] = {0, 1, 7, 8, 9, 16, 40, 41, 255, 4096, 33000};
	uint8_t n = input_byte(&host_input);

	return n < 11 ? rooms[n] : n & 63;
}

static bool absent(void)
{
	return (input_byte(&host_input) & 7) == 7;
}

static word in_bytes(size_t n)
{
	return absent() ? 0 : (word)block_make(n, 'i', true);
}

static word attributes(word *count, bool query, int depth)
{
	word n = *count = input_byte(&host_input) & (depth ? 3 : 7);
	struct ck_attribute *list = block_make(n * sizeof(*list), 0, !query);

	for (word i = 0; i < n; i++) {
		struct ck_attribute *a = &list[i];

		a->type = input_word(&host_input, 2);
		if (a->type % 5 == 0 && depth < 3) {
			a->type = a->type % 2 ? CKA_WRAP_TEMPLATE : CKA_DERIVE_TEMPLATE;
			a->value = (void *)attributes(&a->value_len, query, depth + 1);
			a->value_len *= sizeof(*list);
			continue;
		}
		a->value_len = room() & 4095;
		a->value = absent() ? NULL : block_make(a->value_len, 'v', !query);
		if (!a->value && a->value_len == 7)
			a->value_len = (word)-1;
	}
	return (word)list;
}

/* The parameter structs are made of numbers and of pairs of pointer and length, in either order. */
static word parameter(word *length)
{
	static const struct {
		word mechanism, size;
		unsigned char pointer, count; /* where; 0: at none */
		unsigned char pointer2, count2;
	} all[] = {
#define AT(type, field) offsetof(struct type, field)
		{CKM_RSA_PKCS_OAEP, sizeof(struct ck_rsa_pkcs_oaep_params),
		 AT(ck_rsa_pkcs_oaep_params, source_data), AT(ck_rsa_pkcs_oaep_params, source_data_len), 0, 0},
		{CKM_AES_GCM, sizeof(struct ck_gcm_params), AT(ck_gcm_params, iv_ptr),
		 AT(ck_gcm_params, iv_len), AT(ck_gcm_params, aad_ptr), AT(ck_gcm_params, aad_len)},
		{CKM_ECDH1_DERIVE, sizeof(struct ck_ecdh1_derive_params),
		 AT(ck_ecdh1_derive_params, shared_data), AT(ck_ecdh1_derive_params, shared_data_len),
		 AT(ck_ecdh1_derive_params, public_data), AT(ck_ecdh1_derive_params, public_data_len)},
		{CKM_AES_ECB_ENCRYPT_DATA, sizeof(struct ck_key_derivation_string_data), 0,
		 AT(ck_key_derivation_string_data, string_data_len), 0, 0},
		{CKM_DES_CBC_ENCRYPT_DATA, sizeof(struct ck_des_cbc_encrypt_data_params),
		 AT(ck_des_cbc_encrypt_data_params, data_params), AT(ck_des_cbc_encrypt_data_params, length), 0, 0},
		{CKM_AES_CBC_ENCRYPT_DATA, sizeof(struct ck_aes_cbc_encrypt_data_params),
		 AT(ck_aes_cbc_encrypt_data_params, data_params), AT(ck_aes_cbc_encrypt_data_params, length), 0, 0},
		{0x1057 /* CKM_EDDSA */, 24, 16, 8, 0, 0},
		{CKM_AES_CBC, 16, 0, 0, 0, 0},
#undef AT
	};
	uint8_t which = input_byte(&host_input) & 7;
	struct ck_mechanism *m = block_make(sizeof(*m), 0, true);
	uint8_t *p = NULL;
	word n;

	*length = all[which].size;
	m->mechanism = all[which].mechanism;
	m->parameter_len = *length - (input_byte(&host_input) == 1);
	if (!absent())
		p = block_make(*length, 0, true);
	m->parameter = p;
	for (int i = 0; p && all[which].count && i < (all[which].count2 ? 2 : 1); i++) {
		n = room();
		memcpy(p + (i ? all[which].count2 : all[which].count), &n, sizeof(n));
		n = in_bytes(n);
		memcpy(p + (i ? all[which].pointer2 : all[which].pointer), &n, sizeof(n));
	}
	return (word)m;
}

static word init_args(void)
{
	struct ck_c_initialize_args *args = block_make(sizeof(*args), 0, true);
	uint8_t bits = input_byte(&host_input);

	args->create_mutex = bits & 1 ? host_create : NULL;
	args->destroy_mutex = bits & 2 ? host_mutex : NULL;
	args->lock_mutex = bits & 4 ? host_mutex : NULL;
	args->unlock_mutex = bits & 8 ? host_mutex : NULL;
	args->reserved = bits & 16 ? args : NULL;
	return (word)args;
}

/* A buffer of elements of @size bytes and where their number is. */
static int out_buffer(word *a, size_t size)
{
	word n = room(), *length = NULL;

	if (!absent()) {
		length = block_make(sizeof(*length), 0, false);
		*length = n;
	}
	a[0] = absent() ? 0 : (word)block_make(length ? n * size : 0, 'o', false);
	a[1] = (word)length;
	return 2;
}

static int found_objects(word *a)
{
	a[1] = room() & 255;
	a[0] = absent() ? 0 : (word)block_make(a[1] * sizeof(word), 'o', false);
	a[2] = absent() ? 0 : (word)block_make(sizeof(word), 'o', false);
	return 3;
}

static int counted_bytes(word *a, bool in)
{
	a[1] = room();
	a[0] = in ? in_bytes(a[1]) : absent() ? 0 : (word)block_make(a[1], 'o', false);
	return 2;
}

/* Return: how many arguments it made */
static int argument(char kind, word *a)
{
	static char application[4];
	word n;

	switch (kind) {
	case 's': case 'o':
		*a = input_word(&host_input, 1) | (word)input_byte(&host_input) << 48;
		return 1;
	case 'w':
		*a = input_word(&host_input, 2);
		return 1;
	case 'n':
		*a = input_byte(&host_input) == 1 ? (word)block_make(1, 'n', true) : 0;
		return 1;
	case 'i': case 'r':
		return counted_bytes(a, kind == 'i');
	case 'b': case 'l':
		return out_buffer(a, kind == 'l' ? sizeof(word) : 1);
	case 'm':
		*a = absent() ? 0 : parameter(&n);
		return 1;
	case 't': case 'q':
		a[0] = absent() ? 0 : attributes(&a[1], kind == 'q', 0);
		a[1] = a[0] ? a[1] : input_byte(&host_input);
		return 2;
	case 'f':
		return found_objects(a);
	case 'c':
		a[0] = absent() ? 0 : (word)&application[input_byte(&host_input) & 3];
		a[1] = absent() ? 0 : (word)host_notify;
		return 2;
	case 'a':
		*a = absent() ? 0 : init_args();
		return 1;
	case 'p':
		*a = absent() ? 0 : (word)block_make(32, 'p', true);
		return 1;
	default:
		*a = absent() ? 0 : (word)block_make(kind == 'h' ? sizeof(word) : struct_size[kind - '1'],
						     'o', false);
		return 1;
	}
}

static void call_one(int depth)
{
	const struct function *f = &functions[input_byte(&host_input) % COUNT];
	word a[12] = {0}, result;
	int n = 0;

	for (const char *arg = f->args; *arg; arg++)
		n += argument(*arg, a + n);
	if (!depth) {
		block_keep();
		host_mark();
	}
	result = ((word(*)(word, word, word, word, word, word, word, word))f->f)(
		a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
	if (result > CKR_FUNCTION_REJECTED && (result < CKR_VENDOR_DEFINED || result > 0xffffffff))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_begin(data, size);
	for (int calls = 0; calls < 8 && host_input.at < host_input.end; calls++) {
		nested = 0;
		call_one(0);
		block_check(!host_served());
		block_free();
	}
	host_end();
	return 0;
}
