/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_stub.c - the generated PKCS#11 stub decodes requests; before it stands a module that uses all
 * that it is given, and that takes its results from the input as well
 */
#include "lane.h"

#define CRYPTOKI_GNU 1
#include <stdbool.h>
#include <stdlib.h>
#include <p11-kit/pkcs11.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct nacre_stub nacre_stub;

static struct ck_c_initialize_args args;
static ck_notify_t notify;
static void *application;

static ck_rv_t result(void)
{
	static const ck_rv_t results[] = {CKR_OK, CKR_OK, CKR_BUFFER_TOO_SMALL, CKR_HOST_MEMORY,
					  CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID,
					  CKR_VENDOR_DEFINED, (ck_rv_t)-1};

	return results[input_byte(&lane_input) & 7];
}

/* Fill a buffer up to its room, and say that it is as long, shorter, or longer. */
static void fill(void *out, unsigned long room, size_t size, unsigned long *length)
{
	if (out)
		memset(out, 'x', room * size);
	switch (input_byte(&lane_input) & 3) {
	case 0:
		break;
	case 1:
		*length = input_byte(&lane_input);
		break;
	case 2:
		*length = room + 1;
		break;
	default:
		*length = input_word(&lane_input, 8);
	}
}

static ck_rv_t produce(void *out, size_t size, unsigned long *length)
{
	if (length)
		fill(out, *length, size, length);
	return result();
}

static void read_attributes(const struct ck_attribute *list, unsigned long count)
{
	for (unsigned long i = 0; list && i < count; i++)
		switch (list[i].type) {
		case CKA_WRAP_TEMPLATE: case CKA_UNWRAP_TEMPLATE: case CKA_DERIVE_TEMPLATE:
			read_attributes(list[i].value, list[i].value_len / sizeof(*list));
			break;
		default:
			lane_read(list[i].value, list[i].value_len);
		}
}

static void read_parameter(const struct ck_mechanism *m)
{
	const struct ck_gcm_params *gcm = m ? m->parameter : NULL;
	const struct ck_ecdh1_derive_params *ecdh1 = (const void *)gcm;

	if (!m || !m->parameter)
		return;
	lane_read(m->parameter, m->parameter_len);
	if (m->mechanism == CKM_AES_GCM && m->parameter_len == sizeof(*gcm)) {
		lane_read(gcm->iv_ptr, gcm->iv_len);
		lane_read(gcm->aad_ptr, gcm->aad_len);
	}
	if (m->mechanism == CKM_ECDH1_DERIVE && m->parameter_len == sizeof(*ecdh1)) {
		lane_read(ecdh1->shared_data, ecdh1->shared_data_len);
		lane_read(ecdh1->public_data, ecdh1->public_data_len);
	}
}

ck_rv_t C_Initialize(void *init_args)
{
	void *mutex = NULL;

	memset(&args, 0, sizeof(args));
	if (init_args)
		memcpy(&args, init_args, sizeof(args));
	if (args.create_mutex && args.create_mutex(&mutex) == CKR_OK && args.lock_mutex)
		args.lock_mutex(mutex);
	return result();
}

ck_rv_t C_OpenSession(ck_slot_id_t slot_id, ck_flags_t flags, void *app, ck_notify_t told,
		      ck_session_handle_t *session)
{
	(void)slot_id;
	(void)flags;
	notify = told;
	application = app;
	if (session)
		*session = input_word(&lane_input, 8);
	return result();
}

ck_rv_t C_GetSessionInfo(ck_session_handle_t session, struct ck_session_info *info)
{
	if (notify && notify(session, 1, application) > 100)
		return CKR_HOST_MEMORY;
	if (info)
		memset(info, 'x', sizeof(*info));
	return result();
}

ck_rv_t C_GetInfo(struct ck_info *info)
{
	if (info)
		memset(info, 'x', sizeof(*info));
	return result();
}

ck_rv_t C_GetMechanismInfo(ck_slot_id_t slot_id, ck_mechanism_type_t type,
			   struct ck_mechanism_info *info)
{
	(void)slot_id;
	(void)type;
	lane_read(info, sizeof(*info));
	if (info)
		memset(info, 'x', sizeof(*info));
	return result();
}

ck_rv_t C_GetSlotList(unsigned char token_present, ck_slot_id_t *list, unsigned long *count)
{
	(void)token_present;
	return produce(list, sizeof(*list), count);
}

ck_rv_t C_InitToken(ck_slot_id_t slot_id, unsigned char *pin, unsigned long pin_len,
		    unsigned char *label)
{
	(void)slot_id;
	lane_read(pin, pin_len);
	lane_read(label, 32);
	return result();
}

ck_rv_t C_CreateObject(ck_session_handle_t session, struct ck_attribute *templ, unsigned long count,
		       ck_object_handle_t *object)
{
	(void)session;
	read_attributes(templ, count);
	if (object)
		*object = input_word(&lane_input, 8);
	return result();
}

static void answer(struct ck_attribute *list, unsigned long count)
{
	for (unsigned long i = 0; list && i < count; i++) {
		bool nested = list[i].type == CKA_WRAP_TEMPLATE || list[i].type == CKA_UNWRAP_TEMPLATE ||
			      list[i].type == CKA_DERIVE_TEMPLATE;
		bool unknown = list[i].value_len == (unsigned long)-1;

		if (nested && !unknown)
			answer(list[i].value, list[i].value_len / sizeof(*list));
		fill(nested || unknown ? NULL : list[i].value, list[i].value_len, 1, &list[i].value_len);
	}
}

ck_rv_t C_GetAttributeValue(ck_session_handle_t session, ck_object_handle_t object,
			    struct ck_attribute *templ, unsigned long count)
{
	(void)session;
	(void)object;
	answer(templ, count);
	return result();
}

ck_rv_t C_FindObjects(ck_session_handle_t session, ck_object_handle_t *object, unsigned long most,
		      unsigned long *count)
{
	(void)session;
	if (count)
		*count = most;
	return produce(object, sizeof(*object), count);
}

ck_rv_t C_EncryptInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
		      ck_object_handle_t key)
{
	(void)session;
	(void)key;
	read_parameter(mechanism);
	return result();
}

ck_rv_t C_Encrypt(ck_session_handle_t session, unsigned char *data, unsigned long data_len,
		  unsigned char *encrypted_data, unsigned long *encrypted_data_len)
{
	(void)session;
	lane_read(data, data_len);
	return produce(encrypted_data, 1, encrypted_data_len);
}

ck_rv_t C_GenerateKeyPair(ck_session_handle_t session, struct ck_mechanism *mechanism,
			  struct ck_attribute *public_templ, unsigned long public_count,
			  struct ck_attribute *private_templ, unsigned long private_count,
			  ck_object_handle_t *public_key, ck_object_handle_t *private_key)
{
	(void)session;
	read_parameter(mechanism);
	read_attributes(public_templ, public_count);
	read_attributes(private_templ, private_count);
	if (public_key)
		*public_key = input_word(&lane_input, 8);
	if (private_key)
		*private_key = input_word(&lane_input, 1);
	return result();
}

ck_rv_t C_WrapKey(ck_session_handle_t session, struct ck_mechanism *mechanism,
		  ck_object_handle_t wrapping_key, ck_object_handle_t key, unsigned char *wrapped_key,
		  unsigned long *wrapped_key_len)
{
	(void)session;
	(void)wrapping_key;
	(void)key;
	read_parameter(mechanism);
	return produce(wrapped_key, 1, wrapped_key_len);
}

ck_rv_t C_GenerateRandom(ck_session_handle_t session, unsigned char *random_data,
			 unsigned long random_len)
{
	(void)session;
	fill(random_data, random_len, 1, &random_len);
	return result();
}

static ck_rv_t not_supported(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

/* All that is not above: in the table only. */
ck_rv_t C_GetFunctionList(struct ck_function_list **list)
{
	static struct ck_function_list table;
	nacre_function *entry = (nacre_function *)&table.C_Initialize, *end;

	for (end = (nacre_function *)(&table + 1); entry < end; entry++)
		*entry = (nacre_function)not_supported;
	if (list)
		*list = lane_input.at && (input_byte(&lane_input) & 1) ? NULL : &table;
	return CKR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	notify = NULL;
	application = NULL;
	lane_run(&nacre_stub, data, size);
	return 0;
}
