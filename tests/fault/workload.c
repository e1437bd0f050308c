/* SPDX-License-Identifier: BSD-2-Clause */
/* workload.c - a PKCS#11 host that does a bit of everything, and knows what to do about errors */
#define CRYPTOKI_GNU
#include "run.h"

#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { AFTER = 30, TRIES = 12 };

static struct run *run;
static struct ck_function_list *module;
static struct ck_token_info token;
static ck_slot_id_t slot;
static ck_session_handle_t session;
static ck_object_handle_t key, secret;
static bool connected;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Beginning and end of one call, for the driver. */
static struct record *begin(const char *name, struct watch *watch)
{
	struct record *c = &run->calls[run->begun % RUN_CALLS];

	c->name = name;
	c->end = 0;
	watch_start(watch);
	c->start = now_ns();
	run->begun++;
	return c;
}

static ck_rv_t end(struct record *c, const struct watch *watch, ck_rv_t result)
{
	c->result = result;
	c->end = now_ns();
	c->busy_ms = watch_ms(watch);
	return result;
}

#define CALL(function, ...)                                                                        \
	({                                                                                         \
		struct watch watch_;                                                               \
		struct record *c_ = begin(#function, &watch_);                                     \
		end(c_, &watch_, module->function(__VA_ARGS__));                                   \
	})

static ck_object_handle_t find(ck_object_class_t class)
{
	struct ck_attribute template = {CKA_CLASS, &class, sizeof(class)};
	ck_object_handle_t object = 0;
	unsigned long n = 0;

	if (CALL(C_FindObjectsInit, session, &template, 1))
		return 0;
	if (CALL(C_FindObjects, session, &object, 1, &n) || n != 1)
		object = 0;
	return CALL(C_FindObjectsFinal, session) ? 0 : object;
}

static bool find_slot(void)
{
	ck_slot_id_t slots[8];
	unsigned long n = 8;

	if (CALL(C_GetSlotList, 1, slots, &n))
		return false;
	for (unsigned long i = 0; i < n && i < 8; i++)
		if (!CALL(C_GetTokenInfo, slots[i], &token) &&
		    !memcmp(token.label, TOKEN_LABEL, strlen(TOKEN_LABEL))) {
			slot = slots[i];
			return true;
		}
	return false;
}

static bool connect_token(void)
{
	ck_rv_t rv;

	if (!find_slot() || CALL(C_OpenSession, slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session))
		return false;
	rv = CALL(C_Login, session, CKU_USER, (unsigned char *)(uintptr_t)TOKEN_PIN, strlen(TOKEN_PIN));
	if (rv && rv != CKR_USER_ALREADY_LOGGED_IN)
		return false;
	key = find(CKO_PRIVATE_KEY);
	secret = find(CKO_SECRET_KEY);
	return connected = key && secret;
}

static bool do_questions(void)
{
	struct ck_session_info info;
	struct ck_info about;
	ck_mechanism_type_t list[128];
	unsigned long n = 0;

	if (CALL(C_GetInfo, &about) || CALL(C_GetSessionInfo, session, &info) ||
	    CALL(C_GetMechanismList, slot, NULL, &n) || n > 128)
		return false;
	return !CALL(C_GetMechanismList, slot, list, &n);
}

static bool do_random(void)
{
	unsigned char data[2048];

	return !CALL(C_SeedRandom, session, data, 16) &&
	       !CALL(C_GenerateRandom, session, data, 16 + draw(&run->seed) % 2000);
}

static bool do_sign(void)
{
	struct ck_mechanism mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	unsigned char data[100] = {1, 2, 3}, signature[512];
	unsigned long n = sizeof(signature);

	return !CALL(C_SignInit, session, &mechanism, key) &&
	       !CALL(C_Sign, session, data, sizeof(data), signature, &n) && n == 256;
}

static bool do_digest(void)
{
	struct ck_mechanism mechanism = {CKM_SHA256, NULL, 0};
	unsigned char data[3000] = {1}, digest[64];
	unsigned long n = sizeof(digest);

	if (CALL(C_DigestInit, session, &mechanism) || CALL(C_DigestUpdate, session, data, sizeof(data)) ||
	    CALL(C_DigestUpdate, session, data, 100))
		return false;
	return !CALL(C_DigestFinal, session, digest, &n) && n == 32;
}

static bool do_encrypt(void)
{
	unsigned char iv[16] = {0}, data[4096] = {1}, sealed[4200];
	struct ck_mechanism mechanism = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
	unsigned long n = sizeof(sealed);

	return !CALL(C_EncryptInit, session, &mechanism, secret) &&
	       !CALL(C_Encrypt, session, data, sizeof(data), sealed, &n) && n == 4112;
}

static bool do_attributes(void)
{
	unsigned char modulus[512], id[16];
	struct ck_attribute list[] = {{CKA_MODULUS, modulus, sizeof(modulus)}, {CKA_ID, id, sizeof(id)}};

	return !CALL(C_GetAttributeValue, session, key, list, 2) && list[0].value_len == 256;
}

static bool do_object(void)
{
	ck_object_class_t class = CKO_DATA;
	unsigned char no = 0, contents[200] = {7};
	struct ck_attribute template[] = {{CKA_CLASS, &class, sizeof(class)},
					  {CKA_TOKEN, &no, 1},
					  {CKA_VALUE, contents, sizeof(contents)}};
	ck_object_handle_t object;

	return !CALL(C_CreateObject, session, template, 3, &object) &&
	       !CALL(C_DestroyObject, session, object);
}

static bool do_reconnect(void)
{
	connected = false;
	return !CALL(C_CloseSession, session) && connect_token();
}

static bool step(void)
{
	static bool (*const steps[])(void) = {do_questions, do_random,     do_sign,   do_digest, do_encrypt,
					      do_attributes, do_object, do_sign,   do_reconnect};

	if (!connected)
		return connect_token();
	return steps[draw(&run->seed) % (sizeof(steps) / sizeof(*steps))]();
}

/* After an error: what a host does that expects tokens to be removed. */
static void begin_anew(void)
{
	connected = false;
	if (run->calls[(run->begun - 1) % RUN_CALLS].result == CKR_CRYPTOKI_NOT_INITIALIZED)
		CALL(C_Initialize, NULL);
	else if (session)
		CALL(C_CloseSession, session);
	session = 0;
}

int workload(struct run *r)
{
	void *library = dlopen(r->module, RTLD_NOW);
	ck_rv_t (*list)(struct ck_function_list **);
	struct ck_info about;
	uint32_t at = 0;

	run = r;
	list = library ? (ck_rv_t(*)(struct ck_function_list **))dlsym(library, "C_GetFunctionList") : NULL;
	if (!list || list(&module)) {
		printf("# %s\n", library ? "no function list" : dlerror());
		return 3;
	}
	if (CALL(C_Initialize, NULL) || !connect_token())
		return 4; /* nothing has been done to it yet */
	while (!r->injected || r->begun < at + AFTER) {
		if (r->injected && !at)
			at = r->begun;
		if (!step())
			begin_anew();
	}
	for (int i = 0; i < TRIES && !r->recovered; i++) {
		r->recovered = (connected || connect_token()) && do_sign();
		if (!r->recovered)
			begin_anew();
	}
	if (CALL(C_Finalize, NULL)) { /* it was hit: is the next call served? */
		CALL(C_Initialize, NULL);
		CALL(C_GetInfo, &about);
	}
	dlclose(library);
	return 0;
}
