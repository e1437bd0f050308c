/* SPDX-License-Identifier: BSD-2-Clause */
/* signer.c - a long-running PKCS#11 host: it signs whenever a line arrives on its standard input
 *
 *	demo-signer MODULE TOKEN-LABEL PIN
 *
 * It knows nothing of nacre. When a call fails it says so in PKCS#11's own words, opens a new session at
 * the next line, and goes on, as a host that was written with removable tokens in mind does.
 */
#define CRYPTOKI_GNU
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct ck_function_list *module;
static ck_session_handle_t session;
static ck_object_handle_t key;
static bool connected;

static const char *error_name(ck_rv_t rv)
{
	static const struct {
		ck_rv_t rv;
		const char *name;
	} names[] = {{CKR_OK, "CKR_OK"},
		     {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"},
		     {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED"},
		     {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR"},
		     {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"},
		     {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT"},
		     {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID"},
		     {CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].rv == rv)
			return names[i].name;
	return "another error";
}

static bool well(const char *what, ck_rv_t rv)
{
	if (rv == CKR_OK)
		return true;
	printf("%s: %s\n", what, error_name(rv));
	return false;
}

static bool find_slot(const char *label, ck_slot_id_t *slot)
{
	ck_slot_id_t slots[16];
	unsigned long count = 16;
	struct ck_token_info info;

	if (!well("C_GetSlotList", module->C_GetSlotList(1, slots, &count)))
		return false;
	for (unsigned long i = 0; i < count; i++)
		if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    !memcmp(info.label, label, strlen(label))) {
			*slot = slots[i];
			return true;
		}
	printf("no token '%s'\n", label);
	return false;
}

static bool connect_token(const char *label, char *pin)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute template = {CKA_CLASS, &class, sizeof(class)};
	unsigned long count = 0;
	ck_slot_id_t slot;

	if (!find_slot(label, &slot) ||
	    !well("C_OpenSession", module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session)) ||
	    !well("C_Login", module->C_Login(session, CKU_USER, (unsigned char *)pin, strlen(pin))) ||
	    !well("C_FindObjectsInit", module->C_FindObjectsInit(session, &template, 1)) ||
	    !well("C_FindObjects", module->C_FindObjects(session, &key, 1, &count)) ||
	    !well("C_FindObjectsFinal", module->C_FindObjectsFinal(session)))
		return false;
	return count == 1;
}

static bool sign(void)
{
	struct ck_mechanism mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	unsigned char data[] = "data to be signed", signature[512];
	unsigned long size = sizeof(signature);

	if (!well("C_SignInit", module->C_SignInit(session, &mechanism, key)) ||
	    !well("C_Sign", module->C_Sign(session, data, sizeof(data), signature, &size)))
		return false;
	printf("signed, %lu bytes, first %02x%02x%02x%02x\n", size, signature[0], signature[1],
	       signature[2], signature[3]);
	return true;
}

int main(int argc, char **argv)
{
	ck_rv_t (*get)(struct ck_function_list **);
	char line[64];
	void *library;

	if (argc != 4) {
		fprintf(stderr, "usage: demo-signer MODULE TOKEN-LABEL PIN\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	library = dlopen(argv[1], RTLD_NOW);
	get = library ? (ck_rv_t(*)(struct ck_function_list **))dlsym(library, "C_GetFunctionList") : NULL;
	if (!get || !well("C_GetFunctionList", get(&module)) ||
	    !well("C_Initialize", module->C_Initialize(NULL)))
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		if (!connected && !(connected = connect_token(argv[2], argv[3])))
			continue;
		connected = sign();
	}
	well("C_Finalize", module->C_Finalize(NULL));
	return 0;
}
