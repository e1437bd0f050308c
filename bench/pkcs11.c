/* SPDX-License-Identifier: BSD-2-Clause */
/* pkcs11.c - one PKCS#11 module reached in three ways: direct, by nacre's proxy, by `p11-kit remote`
 *
 * All three serve the same token and are asked in turn, in blocks of calls. The key pair is made once.
 */
#include "bench.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIRECT, PROXY, REMOTE, SIDES };
enum { BLOCKS = 40, CALLS = 500, SIGNS = 1500, BITS = 2048, NOBODY = 65534 };

#define PIN "1234"

struct side {
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	struct series info, random, sign;
};
static struct side sides[SIDES];

static void well(CK_RV rv, const char *what)
{
	char text[96];

	snprintf(text, sizeof(text), "%s failed: 0x%lx", what, (unsigned long)rv);
	check(rv == CKR_OK, text);
}

static CK_FUNCTION_LIST *by_path(const char *path)
{
	CK_C_GetFunctionList get = (CK_C_GetFunctionList)symbol(library(path), "C_GetFunctionList");
	CK_FUNCTION_LIST *list;

	well(get(&list), "C_GetFunctionList");
	well(list->C_Initialize(NULL), "C_Initialize");
	return list;
}

/* The module that the user configuration of p11-kit names; bench/run has written it. */
static CK_FUNCTION_LIST *by_p11_kit(void)
{
	int root = getuid() == 0;
	CK_FUNCTION_LIST **list;
	char *name;

	/* For root it does not look at that: be somebody else while it does. */
	check(!root || setresuid(NOBODY, 0, 0) == 0, "setresuid failed");
	list = p11_kit_modules_load(NULL, 0);
	check(!root || setresuid(0, 0, 0) == 0, "setresuid failed");
	for (; list && *list; list++) {
		name = p11_kit_module_get_name(*list);
		if (!name || strcmp(name, "bench"))
			continue;
		well(p11_kit_module_initialize(*list), "C_Initialize");
		return *list;
	}
	check(0, "p11-kit does not load the module of its configuration");
	return NULL;
}

static void open_session(struct side *side)
{
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;

	well(side->f->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	check(count > 0, "no token");
	well(side->f->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				    &side->session),
	     "C_OpenSession");
	well(side->f->C_Login(side->session, CKU_USER, (CK_UTF8CHAR *)PIN, strlen(PIN)), "C_Login");
}

static void make_key(struct side *side)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE exponent[] = {1, 0, 1};
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = BITS;
	CK_ATTRIBUTE public[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
				 {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
				 {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_ATTRIBUTE private[] = {{CKA_SIGN, &yes, sizeof(yes)}, {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE one, other;

	well(side->f->C_GenerateKeyPair(side->session, &mechanism, public, 3, private, 2, &one, &other),
	     "C_GenerateKeyPair");
}

static void find_key(struct side *side)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_ULONG count = 0;

	well(side->f->C_FindObjectsInit(side->session, &template, 1), "C_FindObjectsInit");
	well(side->f->C_FindObjects(side->session, &side->key, 1, &count), "C_FindObjects");
	well(side->f->C_FindObjectsFinal(side->session), "C_FindObjectsFinal");
	check(count == 1, "the key is not found");
}

static void take_info(struct side *side)
{
	CK_SESSION_INFO info;
	double start;

	for (int i = 0; i < CALLS; i++) {
		start = now_ns();
		well(side->f->C_GetSessionInfo(side->session, &info), "C_GetSessionInfo");
		series_add(&side->info, now_ns() - start);
	}
	check(info.state == CKS_RW_USER_FUNCTIONS, "a wrong answer");
}

static void take_random(struct side *side)
{
	CK_BYTE bytes[16];
	double start;

	for (int i = 0; i < CALLS; i++) {
		start = now_ns();
		well(side->f->C_GenerateRandom(side->session, bytes, sizeof(bytes)), "C_GenerateRandom");
		series_add(&side->random, now_ns() - start);
	}
}

static void take_sign(struct side *side)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE data[51] = {0x30, 0x31}, signature[BITS / 8];
	CK_ULONG size = sizeof(signature);
	double start;

	well(side->f->C_SignInit(side->session, &mechanism, side->key), "C_SignInit");
	start = now_ns();
	well(side->f->C_Sign(side->session, data, sizeof(data), signature, &size), "C_Sign");
	series_add(&side->sign, now_ns() - start);
}

static void print_rows(void)
{
	struct side *direct = &sides[DIRECT], *proxy = &sides[PROXY], *remote = &sides[REMOTE];

	row_faster("C_GetSessionInfo", &proxy->info, "p11-kit remote", &remote->info, 10);
	row_most("C_GetSessionInfo", &proxy->info, "direct", &direct->info, 0);
	row_faster("C_GenerateRandom(16)", &proxy->random, "p11-kit remote", &remote->random, 10);
	row_most("C_GenerateRandom(16)", &proxy->random, "direct", &direct->random, 0);
	row_most("C_Sign, RSA-2048", &proxy->sign, "direct", &direct->sign, 1.02);
	row_most("C_Sign, RSA-2048", &proxy->sign, "p11-kit remote", &remote->sign, 0);
}

int main(int argc, char **argv)
{
	bench_begin(argc, argv, 4, "pkcs11 DIVISOR MODULE PROXY");
	sides[DIRECT].f = by_path(argv[2]);
	open_session(&sides[DIRECT]);
	make_key(&sides[DIRECT]);
	sides[PROXY].f = by_path(argv[3]);
	sides[REMOTE].f = by_p11_kit();
	open_session(&sides[PROXY]);
	open_session(&sides[REMOTE]);
	for (int k = 0; k < SIDES; k++)
		find_key(&sides[k]);
	for (size_t i = samples(BLOCKS); i; i--)
		for (int k = 0; k < SIDES; k++) {
			take_info(&sides[k]);
			take_random(&sides[k]);
		}
	for (size_t i = samples(SIGNS); i; i--)
		for (int k = 0; k < SIDES; k++) /* each comes first, second and third as often */
			take_sign(&sides[(i + (size_t)k) % SIDES]);
	print_rows();
	for (int k = 0; k < SIDES; k++)
		sides[k].f->C_CloseSession(sides[k].session);
	return 0;
}
