/* SPDX-License-Identifier: BSD-2-Clause */
/* token.c - a SoftHSM2 token with an RSA and an AES key, made once, copied for each run */
#define CRYPTOKI_GNU
#include "run.h"

#include <p11-kit/pkcs11.h>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_config(const char *dir)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tokens", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/softhsm2.conf", dir);
	f = fopen(path, "we");
	if (!f)
		return false;
	fprintf(f, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", dir);
	return fclose(f) == 0;
}

static bool make_keys(struct ck_function_list *m, ck_session_handle_t s)
{
	unsigned char yes = 1, id = 1, exponent[] = {1, 0, 1};
	unsigned long bits = 2048, length = 32;
	struct ck_mechanism rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0}, aes = {CKM_AES_KEY_GEN, NULL, 0};
	struct ck_attribute public[] = {{CKA_TOKEN, &yes, 1},
					{CKA_VERIFY, &yes, 1},
					{CKA_ID, &id, 1},
					{CKA_MODULUS_BITS, &bits, sizeof(bits)},
					{CKA_PUBLIC_EXPONENT, exponent, 3}};
	struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1},
					 {CKA_PRIVATE, &yes, 1},
					 {CKA_SIGN, &yes, 1},
					 {CKA_ID, &id, 1}};
	struct ck_attribute secret[] = {{CKA_TOKEN, &yes, 1},
					{CKA_PRIVATE, &yes, 1},
					{CKA_ENCRYPT, &yes, 1},
					{CKA_VALUE_LEN, &length, sizeof(length)}};
	ck_object_handle_t one, two;

	return m->C_GenerateKeyPair(s, &rsa, public, 5, private, 4, &one, &two) == CKR_OK &&
	       m->C_GenerateKey(s, &aes, secret, 4, &one) == CKR_OK;
}

/* In a child, as the library must not be loaded in the driver. */
static int make(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW);
	ck_rv_t (*list)(struct ck_function_list **) =
		handle ? (ck_rv_t(*)(struct ck_function_list **))dlsym(handle, "C_GetFunctionList") : NULL;
	unsigned char label[32], so_pin[] = "5678", pin[] = TOKEN_PIN;
	struct ck_function_list *m;
	ck_slot_id_t slots[4];
	ck_session_handle_t s;
	unsigned long n = 4;

	memset(label, ' ', sizeof(label));
	memcpy(label, TOKEN_LABEL, strlen(TOKEN_LABEL));
	if (!list || list(&m) || m->C_Initialize(NULL) || m->C_GetSlotList(0, slots, &n) || !n ||
	    m->C_InitToken(slots[0], so_pin, 4, label))
		return 1;
	n = 4;
	if (m->C_GetSlotList(1, slots, &n) || !n ||
	    m->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s) ||
	    m->C_Login(s, CKU_SO, so_pin, 4) || m->C_InitPIN(s, pin, 4) || m->C_Logout(s) ||
	    m->C_Login(s, CKU_USER, pin, 4) || !make_keys(m, s))
		return 2;
	return m->C_Finalize(NULL) != CKR_OK;
}

/* Is there still a private key to be found? */
static int look(const char *library)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute template = {CKA_CLASS, &class, sizeof(class)};
	void *handle = dlopen(library, RTLD_NOW);
	ck_rv_t (*list)(struct ck_function_list **) =
		handle ? (ck_rv_t(*)(struct ck_function_list **))dlsym(handle, "C_GetFunctionList") : NULL;
	unsigned char pin[] = TOKEN_PIN;
	struct ck_token_info info;
	struct ck_function_list *m;
	ck_object_handle_t key;
	ck_session_handle_t s;
	ck_slot_id_t slots[8];
	unsigned long n = 8, found = 0;

	if (!list || list(&m) || m->C_Initialize(NULL) || m->C_GetSlotList(1, slots, &n))
		return 1;
	for (unsigned long i = 0; i < n && !found; i++)
		if (!m->C_GetTokenInfo(slots[i], &info) &&
		    !memcmp(info.label, TOKEN_LABEL, strlen(TOKEN_LABEL)) &&
		    !m->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &s) &&
		    !m->C_Login(s, CKU_USER, pin, 4) && !m->C_FindObjectsInit(s, &template, 1))
			m->C_FindObjects(s, &key, 1, &found);
	return found != 1;
}

static int make_in_child(const struct victim *v, void *library)
{
	(void)v;
	return make(library);
}

static int look_in_child(const struct victim *v, void *library)
{
	(void)v;
	return look(library);
}

bool token_make(const char *library, const char *dir)
{
	char path[512];

	if (access(library, R_OK) || !write_config(dir))
		return false;
	snprintf(path, sizeof(path), "%s/softhsm2.conf", dir);
	setenv("SOFTHSM2_CONF", path, 1);
	return host_run(NULL, make_in_child, (void *)(uintptr_t)library, 60000) == 0;
}

bool token_is_whole(const char *library)
{
	return host_run(NULL, look_in_child, (void *)(uintptr_t)library, 10000) == 0;
}

static bool copy_file(const char *from, const char *to)
{
	char data[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n = -1;

	while (in >= 0 && out >= 0 && (n = read(in, data, sizeof(data))) > 0)
		if (write(out, data, (size_t)n) != n)
			n = -1;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0;
}

static bool copy_tree(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	bool well = dir && mkdir(to, 0700) == 0;
	char source[512], target[512];

	for (struct dirent *d; well && (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(source, sizeof(source), "%.255s/%.255s", from, d->d_name);
		snprintf(target, sizeof(target), "%.255s/%.255s", to, d->d_name);
		well = d->d_type == DT_DIR ? copy_tree(source, target) : copy_file(source, target);
	}
	if (dir)
		closedir(dir);
	return well;
}

bool token_copy(const char *from, const char *to)
{
	char source[512], target[512];

	snprintf(source, sizeof(source), "%s/tokens", from);
	snprintf(target, sizeof(target), "%s/tokens", to);
	if (!copy_tree(source, target) || !write_config(to))
		return false;
	snprintf(target, sizeof(target), "%s/softhsm2.conf", to);
	return setenv("SOFTHSM2_CONF", target, 1) == 0;
}
