/* SPDX-License-Identifier: BSD-2-Clause */
/* pkcs11.h - PKCS#11 2.40: all 68 functions, as p11-kit's header declares them
 *
 * Sources: PKCS #11 Cryptographic Token Interface Base Specification 2.40 (OASIS), chapter 5 for
 * what each function may return, 5.2 for the two-call idiom of buffers, 5.7 for
 * C_GetAttributeValue; Current Mechanisms 2.40 for the parameters of mechanisms.
 *
 * What a host sees when a module is lost: CKR_GENERAL_ERROR from functions of the library,
 * CKR_DEVICE_ERROR from C_GetSlotInfo, CKR_DEVICE_REMOVED from functions of a token or session.
 * C_Initialize is then repeated; sessions are gone (CKR_SESSION_HANDLE_INVALID), and with them
 * logins and session objects.
 */
#ifndef NACRE_OVERLAY_PKCS11_H
#define NACRE_OVERLAY_PKCS11_H

#define CRYPTOKI_GNU 1
#include <stdbool.h>
#include <stddef.h>
#if __has_include(<p11-kit/pkcs11.h>)
#include <p11-kit/pkcs11.h>
#else
#include <p11-kit-1/p11-kit/pkcs11.h>
#endif
#include <nacre/overlay.h>

NACRE_INTERFACE(pkcs11, version("2.40"), success(result == CKR_OK), on_fail(CKR_DEVICE_REMOVED),
		deadline(30000), result(check(value <= CKR_FUNCTION_REJECTED ||
					      (value >= CKR_VENDOR_DEFINED && value <= 0xffffffff))));
NACRE_HANDLE(session, type(ck_session_handle_t), stale(CKR_SESSION_HANDLE_INVALID), tracked);
NACRE_HANDLE(object, type(ck_object_handle_t), stale(CKR_OBJECT_HANDLE_INVALID));

NACRE_CALLBACK(create_mutex, ck_rv_t, (void **mutex nacre(out, token(mutex))), on_fail(CKR_GENERAL_ERROR));
NACRE_CALLBACK(destroy_mutex, ck_rv_t, (void *mutex nacre(token(mutex))), on_fail(CKR_GENERAL_ERROR));
NACRE_CALLBACK(lock_mutex, ck_rv_t, (void *mutex nacre(token(mutex))), on_fail(CKR_GENERAL_ERROR));
NACRE_CALLBACK(unlock_mutex, ck_rv_t, (void *mutex nacre(token(mutex))), on_fail(CKR_GENERAL_ERROR));
NACRE_CALLBACK(notify, ck_rv_t, (ck_session_handle_t session, ck_notification_t event,
				 void *application nacre(token(application))), on_fail(CKR_OK));

NACRE_VIEW(init_args) {
	struct ck_c_initialize_args {
		ck_createmutex_t create_mutex nacre(callback(create_mutex));
		ck_destroymutex_t destroy_mutex nacre(callback(destroy_mutex));
		ck_lockmutex_t lock_mutex nacre(callback(lock_mutex));
		ck_unlockmutex_t unlock_mutex nacre(callback(unlock_mutex));
		ck_flags_t flags;
		void *reserved nacre(null);
	};
}

/* An attribute whose value is an array of attributes. */
static inline bool nacre_pkcs11_nested(ck_attribute_type_t type)
{
	return type == CKA_WRAP_TEMPLATE || type == CKA_UNWRAP_TEMPLATE ||
	       type == CKA_DERIVE_TEMPLATE;
}

NACRE_VIEW(attribute) {
	struct ck_attribute {
		ck_attribute_type_t type;
		void *value nacre(cases(
			nacre_pkcs11_nested(type): array(attribute, value_len /
								    sizeof(struct ck_attribute));
			else: bytes(value_len)));
		unsigned long value_len;
	};
}

/* C_GetAttributeValue: the length says the room before, what there is after, or "unavailable". */
static inline unsigned long nacre_pkcs11_there(unsigned long value_len)
{
	return value_len == CK_UNAVAILABLE_INFORMATION ? 0 : value_len;
}

NACRE_VIEW(query) {
	struct ck_attribute {
		ck_attribute_type_t type nacre(in);
		void *value nacre(inout, cases(
			nacre_pkcs11_nested(type): array(query, nacre_pkcs11_there(value_len) /
								sizeof(struct ck_attribute));
			else: out, bytes(nacre_pkcs11_there(value_len))));
		unsigned long value_len nacre(inout);
	};
}

/* PKCS#11 3.0; p11-kit's header names the mechanism but not its parameter. */
struct nacre_eddsa_params {
	unsigned char ph_flag;
	unsigned long context_data_len;
	unsigned char *context_data;
};

enum nacre_pkcs11_parameter {
	NACRE_UNKNOWN, /* refused: nobody knows what it points to */
	NACRE_PLAIN,   /* nothing, a number, an initialisation vector, a plain struct */
	NACRE_OAEP,
	NACRE_GCM,
	NACRE_ECDH1,
	NACRE_STRING,
	NACRE_DES_CBC,
	NACRE_AES_CBC,
	NACRE_EDDSA
};

/* What the parameter of a mechanism is. A struct of another size than it should have is refused. */
static inline enum nacre_pkcs11_parameter nacre_kind(ck_mechanism_type_t mechanism,
						     unsigned long size)
{
	enum nacre_pkcs11_parameter kind = NACRE_UNKNOWN;
	unsigned long right = 0;

#define KIND(k, type) (kind = (k), right = sizeof(struct type))
	switch (mechanism) {
	case CKM_RSA_PKCS_KEY_PAIR_GEN ... CKM_RIPEMD160_RSA_PKCS:
	case CKM_RSA_X9_31_KEY_PAIR_GEN ... CKM_SHA1_RSA_PKCS_PSS:
	case CKM_DSA_KEY_PAIR_GEN ... CKM_DSA_SHA512:
	case CKM_DH_PKCS_KEY_PAIR_GEN ... CKM_DH_PKCS_DERIVE:
	case CKM_X9_42_DH_KEY_PAIR_GEN:
	case CKM_SHA256_RSA_PKCS ... CKM_SHA512_T_KEY_DERIVATION:
	case CKM_DES_KEY_GEN ... CKM_DES3_CMAC:
	case CKM_DES_OFB64 ... CKM_DES_CFB8:
	case CKM_MD2 ... CKM_SHA512_HMAC_GENERAL:
	case CKM_GENERIC_SECRET_KEY_GEN:
	case CKM_MD5_KEY_DERIVATION ... CKM_SHA224_KEY_DERIVATION:
	case CKM_CAMELLIA_KEY_GEN ... CKM_CAMELLIA_CBC_PAD:
	case CKM_EC_KEY_PAIR_GEN ... CKM_ECDSA_SHA512:
	case CKM_EC_EDWARDS_KEY_PAIR_GEN:
	case CKM_AES_KEY_GEN ... CKM_AES_CTR:
	case CKM_AES_CTS ... CKM_AES_XCBC_MAC_96:
	case CKM_AES_GMAC:
	case CKM_DSA_PARAMETER_GEN ... CKM_X9_42_DH_PARAMETER_GEN:
	case CKM_AES_OFB ... CKM_AES_KEY_WRAP_PAD:
		return NACRE_PLAIN;
	case CKM_RSA_PKCS_OAEP:
		KIND(NACRE_OAEP, ck_rsa_pkcs_oaep_params);
		break;
	case CKM_AES_GCM:
		KIND(NACRE_GCM, ck_gcm_params);
		break;
	case CKM_ECDH1_DERIVE ... CKM_ECDH1_COFACTOR_DERIVE:
		KIND(NACRE_ECDH1, ck_ecdh1_derive_params);
		break;
	case CKM_DES_ECB_ENCRYPT_DATA:
	case CKM_DES3_ECB_ENCRYPT_DATA:
	case CKM_AES_ECB_ENCRYPT_DATA:
		KIND(NACRE_STRING, ck_key_derivation_string_data);
		break;
	case CKM_DES_CBC_ENCRYPT_DATA:
	case CKM_DES3_CBC_ENCRYPT_DATA:
		KIND(NACRE_DES_CBC, ck_des_cbc_encrypt_data_params);
		break;
	case CKM_AES_CBC_ENCRYPT_DATA:
		KIND(NACRE_AES_CBC, ck_aes_cbc_encrypt_data_params);
		break;
	case CKM_EDDSA:
		KIND(NACRE_EDDSA, nacre_eddsa_params);
		break;
	}
#undef KIND
	return size == right ? kind : NACRE_UNKNOWN;
}

NACRE_VIEW(mechanism) {
	struct ck_mechanism {
		ck_mechanism_type_t mechanism;
		void *parameter nacre(cases(
			nacre_kind(mechanism, parameter_len) == NACRE_PLAIN: bytes(parameter_len);
			nacre_kind(mechanism, parameter_len) == NACRE_OAEP: struct(oaep);
			nacre_kind(mechanism, parameter_len) == NACRE_GCM: struct(gcm);
			nacre_kind(mechanism, parameter_len) == NACRE_ECDH1: struct(ecdh1);
			nacre_kind(mechanism, parameter_len) == NACRE_STRING: struct(string_data);
			nacre_kind(mechanism, parameter_len) == NACRE_DES_CBC: struct(des_cbc);
			nacre_kind(mechanism, parameter_len) == NACRE_AES_CBC: struct(aes_cbc);
			nacre_kind(mechanism, parameter_len) == NACRE_EDDSA: struct(eddsa);
			else: refuse(CKR_MECHANISM_PARAM_INVALID)));
		unsigned long parameter_len;
	};
}
NACRE_VIEW(oaep) {
	struct ck_rsa_pkcs_oaep_params {
		ck_mechanism_type_t hash_alg;
		ck_rsa_pkcs_mgf_type_t mgf;
		ck_rsa_pkcs_oaep_source_type_t source;
		void *source_data nacre(bytes(source_data_len));
		unsigned long source_data_len;
	};
}
NACRE_VIEW(gcm) {
	struct ck_gcm_params {
		unsigned char *iv_ptr nacre(count(iv_len));
		unsigned long iv_len;
		unsigned long iv_bits;
		unsigned char *aad_ptr nacre(count(aad_len));
		unsigned long aad_len;
		unsigned long tag_bits;
	};
}
NACRE_VIEW(ecdh1) {
	struct ck_ecdh1_derive_params {
		ck_ec_kdf_t kdf;
		unsigned long shared_data_len;
		unsigned char *shared_data nacre(count(shared_data_len));
		unsigned long public_data_len;
		unsigned char *public_data nacre(count(public_data_len));
	};
}
NACRE_VIEW(string_data) {
	struct ck_key_derivation_string_data {
		unsigned char *string_data nacre(count(string_data_len));
		unsigned long string_data_len;
	};
}
NACRE_VIEW(des_cbc) {
	struct ck_des_cbc_encrypt_data_params {
		unsigned char iv[8];
		unsigned char *data_params nacre(count(length));
		unsigned long length;
	};
}
NACRE_VIEW(aes_cbc) {
	struct ck_aes_cbc_encrypt_data_params {
		unsigned char iv[16];
		unsigned char *data_params nacre(count(length));
		unsigned long length;
	};
}
NACRE_VIEW(eddsa) {
	struct nacre_eddsa_params {
		unsigned char ph_flag;
		unsigned long context_data_len;
		unsigned char *context_data nacre(count(context_data_len));
	};
}

/* IN(n): n elements go in. OUT(len): the two-call idiom, where *len is the room before and the size
 * after the call. ATTRIBUTES(n): a template. KEY: another error when the key is gone. */
#define IN(n)	      nacre(in, count(n))
#define OUT(len)      nacre(out, count(*len))
#define LENGTH	      nacre(inout)
#define ATTRIBUTES(n) nacre(in, count(n), view(attribute))
#define MECHANISM     nacre(in)
#define KEY	      nacre(stale(CKR_KEY_HANDLE_INVALID))
#define LIBRARY	      nacre(on_fail(CKR_GENERAL_ERROR))
#define SLOW	      nacre(deadline(120000))

/* The library, its slots and tokens */
ck_rv_t C_Initialize(void *init_args nacre(in, struct(init_args))) LIBRARY nacre(replay);
ck_rv_t C_Finalize(void *reserved nacre(null)) LIBRARY
	nacre(forgets(C_Initialize), closes_all(session), closes_all(object));
ck_rv_t C_GetInfo(struct ck_info *info nacre(out)) LIBRARY nacre(idempotent);
ck_rv_t C_GetFunctionList(struct ck_function_list **function_list nacre(out, table)) LIBRARY
	nacre(idempotent);
ck_rv_t C_GetSlotList(unsigned char token_present, ck_slot_id_t *slot_list OUT(count),
		      unsigned long *count LENGTH) LIBRARY nacre(idempotent);
ck_rv_t C_GetSlotInfo(ck_slot_id_t slot_id, struct ck_slot_info *info nacre(out))
	nacre(idempotent, on_fail(CKR_DEVICE_ERROR));
ck_rv_t C_GetTokenInfo(ck_slot_id_t slot_id,
		       struct ck_token_info *info nacre(out)) nacre(idempotent);
ck_rv_t C_WaitForSlotEvent(ck_flags_t flags, ck_slot_id_t *slot nacre(out),
			   void *reserved nacre(null))
	LIBRARY nacre(deadline(none));
ck_rv_t C_GetMechanismList(ck_slot_id_t slot_id, ck_mechanism_type_t *mechanism_list OUT(count),
			   unsigned long *count LENGTH) nacre(idempotent);
ck_rv_t C_GetMechanismInfo(ck_slot_id_t slot_id, ck_mechanism_type_t type,
			   struct ck_mechanism_info *info nacre(inout)) nacre(idempotent);
ck_rv_t C_InitToken(ck_slot_id_t slot_id, unsigned char *pin IN(pin_len), unsigned long pin_len,
		    unsigned char *label IN(32)) SLOW nacre(secret);
ck_rv_t C_InitPIN(ck_session_handle_t session, unsigned char *pin IN(pin_len),
		  unsigned long pin_len)
	nacre(secret);
ck_rv_t C_SetPIN(ck_session_handle_t session, unsigned char *old_pin IN(old_len),
		 unsigned long old_len,
		 unsigned char *new_pin IN(new_len), unsigned long new_len) nacre(secret);

/* Sessions */
ck_rv_t C_OpenSession(ck_slot_id_t slot_id, ck_flags_t flags, void *application nacre(token(application)),
		      ck_notify_t notify nacre(callback(notify)),
		      ck_session_handle_t *session nacre(out, opens));
ck_rv_t C_CloseSession(ck_session_handle_t session) nacre(closes(session, session));
ck_rv_t C_CloseAllSessions(ck_slot_id_t slot_id);
ck_rv_t C_GetSessionInfo(ck_session_handle_t session, struct ck_session_info *info nacre(out));
ck_rv_t C_GetOperationState(ck_session_handle_t session, unsigned char *operation_state
			    OUT(operation_state_len), unsigned long *operation_state_len LENGTH);
ck_rv_t C_SetOperationState(ck_session_handle_t session, unsigned char *operation_state
			    IN(operation_state_len), unsigned long operation_state_len,
			    ck_object_handle_t encryption_key KEY,
			    ck_object_handle_t authentication_key KEY);
ck_rv_t C_Login(ck_session_handle_t session, ck_user_type_t user_type,
		unsigned char *pin IN(pin_len),
		unsigned long pin_len) nacre(secret);
ck_rv_t C_Logout(ck_session_handle_t session);

/* Objects */
ck_rv_t C_CreateObject(ck_session_handle_t session, struct ck_attribute *templ ATTRIBUTES(count),
		       unsigned long count,
		       ck_object_handle_t *object nacre(out, opens)) nacre(secret);
ck_rv_t C_CopyObject(ck_session_handle_t session, ck_object_handle_t object,
		     struct ck_attribute *templ ATTRIBUTES(count), unsigned long count,
		     ck_object_handle_t *new_object nacre(out, opens));
ck_rv_t C_DestroyObject(ck_session_handle_t session, ck_object_handle_t object)
	nacre(closes(object, object));
ck_rv_t C_GetObjectSize(ck_session_handle_t session, ck_object_handle_t object,
			unsigned long *size nacre(out));
ck_rv_t C_GetAttributeValue(ck_session_handle_t session, ck_object_handle_t object,
			    struct ck_attribute *templ nacre(inout, count(count), view(query)),
			    unsigned long count)
	nacre(success(result == CKR_OK || result == CKR_ATTRIBUTE_SENSITIVE ||
		      result == CKR_ATTRIBUTE_TYPE_INVALID || result == CKR_BUFFER_TOO_SMALL));
ck_rv_t C_SetAttributeValue(ck_session_handle_t session, ck_object_handle_t object,
			    struct ck_attribute *templ ATTRIBUTES(count), unsigned long count);
ck_rv_t C_FindObjectsInit(ck_session_handle_t session, struct ck_attribute *templ ATTRIBUTES(count),
			  unsigned long count);
ck_rv_t C_FindObjects(ck_session_handle_t session, ck_object_handle_t *object
		      nacre(out, cap(max_object_count), len(*object_count)),
		      unsigned long max_object_count, unsigned long *object_count nacre(out));
ck_rv_t C_FindObjectsFinal(ck_session_handle_t session);

/* Encryption and decryption */
ck_rv_t C_EncryptInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		      ck_object_handle_t key KEY);
ck_rv_t C_Encrypt(ck_session_handle_t session, unsigned char *data IN(data_len),
		  unsigned long data_len,
		  unsigned char *encrypted_data OUT(encrypted_data_len),
		  unsigned long *encrypted_data_len LENGTH);
ck_rv_t C_EncryptUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
			unsigned long part_len,
			unsigned char *encrypted_part OUT(encrypted_part_len),
			unsigned long *encrypted_part_len LENGTH);
ck_rv_t C_EncryptFinal(ck_session_handle_t session, unsigned char *last_encrypted_part
		       OUT(last_encrypted_part_len), unsigned long *last_encrypted_part_len LENGTH);
ck_rv_t C_DecryptInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		      ck_object_handle_t key KEY);
ck_rv_t C_Decrypt(ck_session_handle_t session, unsigned char *encrypted_data IN(encrypted_data_len),
		  unsigned long encrypted_data_len, unsigned char *data OUT(data_len),
		  unsigned long *data_len LENGTH);
ck_rv_t C_DecryptUpdate(ck_session_handle_t session,
			unsigned char *encrypted_part IN(encrypted_part_len),
			unsigned long encrypted_part_len, unsigned char *part OUT(part_len),
			unsigned long *part_len LENGTH);
ck_rv_t C_DecryptFinal(ck_session_handle_t session, unsigned char *last_part OUT(last_part_len),
		       unsigned long *last_part_len LENGTH);

/* Digests */
ck_rv_t C_DigestInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM);
ck_rv_t C_Digest(ck_session_handle_t session, unsigned char *data IN(data_len),
		 unsigned long data_len,
		 unsigned char *digest OUT(digest_len), unsigned long *digest_len LENGTH);
ck_rv_t C_DigestUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
		       unsigned long part_len);
ck_rv_t C_DigestKey(ck_session_handle_t session, ck_object_handle_t key KEY);
ck_rv_t C_DigestFinal(ck_session_handle_t session, unsigned char *digest OUT(digest_len),
		      unsigned long *digest_len LENGTH);

/* Signatures */
ck_rv_t C_SignInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		   ck_object_handle_t key KEY);
ck_rv_t C_Sign(ck_session_handle_t session, unsigned char *data IN(data_len),
	       unsigned long data_len,
	       unsigned char *signature OUT(signature_len), unsigned long *signature_len LENGTH);
ck_rv_t C_SignUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
		     unsigned long part_len);
ck_rv_t C_SignFinal(ck_session_handle_t session, unsigned char *signature OUT(signature_len),
		    unsigned long *signature_len LENGTH);
ck_rv_t C_SignRecoverInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
			  ck_object_handle_t key KEY);
ck_rv_t C_SignRecover(ck_session_handle_t session, unsigned char *data IN(data_len),
		      unsigned long data_len,
		      unsigned char *signature OUT(signature_len),
		      unsigned long *signature_len LENGTH);
ck_rv_t C_VerifyInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		     ck_object_handle_t key KEY);
ck_rv_t C_Verify(ck_session_handle_t session, unsigned char *data IN(data_len),
		 unsigned long data_len,
		 unsigned char *signature IN(signature_len), unsigned long signature_len);
ck_rv_t C_VerifyUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
		       unsigned long part_len);
ck_rv_t C_VerifyFinal(ck_session_handle_t session, unsigned char *signature IN(signature_len),
		      unsigned long signature_len);
ck_rv_t C_VerifyRecoverInit(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
			    ck_object_handle_t key KEY);
ck_rv_t C_VerifyRecover(ck_session_handle_t session, unsigned char *signature IN(signature_len),
			unsigned long signature_len, unsigned char *data OUT(data_len),
			unsigned long *data_len LENGTH);

/* Two operations at once */
ck_rv_t C_DigestEncryptUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
			      unsigned long part_len,
			      unsigned char *encrypted_part OUT(encrypted_part_len),
			      unsigned long *encrypted_part_len LENGTH);
ck_rv_t C_DecryptDigestUpdate(ck_session_handle_t session,
			      unsigned char *encrypted_part IN(encrypted_part_len),
			      unsigned long encrypted_part_len, unsigned char *part OUT(part_len),
			      unsigned long *part_len LENGTH);
ck_rv_t C_SignEncryptUpdate(ck_session_handle_t session, unsigned char *part IN(part_len),
			    unsigned long part_len,
			    unsigned char *encrypted_part OUT(encrypted_part_len),
			    unsigned long *encrypted_part_len LENGTH);
ck_rv_t C_DecryptVerifyUpdate(ck_session_handle_t session,
			      unsigned char *encrypted_part IN(encrypted_part_len),
			      unsigned long encrypted_part_len, unsigned char *part OUT(part_len),
			      unsigned long *part_len LENGTH);

/* Keys */
ck_rv_t C_GenerateKey(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		      struct ck_attribute *templ ATTRIBUTES(count), unsigned long count,
		      ck_object_handle_t *key nacre(out, opens)) SLOW;
ck_rv_t C_GenerateKeyPair(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
			  struct ck_attribute *public_key_template
			  ATTRIBUTES(public_key_attribute_count),
			  unsigned long public_key_attribute_count,
			  struct ck_attribute *private_key_template
			  ATTRIBUTES(private_key_attribute_count),
			  unsigned long private_key_attribute_count,
			  ck_object_handle_t *public_key nacre(out, opens),
			  ck_object_handle_t *private_key nacre(out, opens)) SLOW;
ck_rv_t C_WrapKey(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		  ck_object_handle_t wrapping_key nacre(stale(CKR_WRAPPING_KEY_HANDLE_INVALID)),
		  ck_object_handle_t key KEY,
		  unsigned char *wrapped_key OUT(wrapped_key_len),
		  unsigned long *wrapped_key_len LENGTH);
ck_rv_t C_UnwrapKey(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		    ck_object_handle_t unwrapping_key
		    nacre(stale(CKR_UNWRAPPING_KEY_HANDLE_INVALID)),
		    unsigned char *wrapped_key IN(wrapped_key_len), unsigned long wrapped_key_len,
		    struct ck_attribute *templ ATTRIBUTES(attribute_count),
		    unsigned long attribute_count, ck_object_handle_t *key nacre(out, opens));
ck_rv_t C_DeriveKey(ck_session_handle_t session, struct ck_mechanism *mechanism MECHANISM,
		    ck_object_handle_t base_key KEY,
		    struct ck_attribute *templ ATTRIBUTES(attribute_count),
		    unsigned long attribute_count, ck_object_handle_t *key nacre(out, opens));

/* Random numbers; functions of long ago */
ck_rv_t C_SeedRandom(ck_session_handle_t session, unsigned char *seed IN(seed_len),
		     unsigned long seed_len);
ck_rv_t C_GenerateRandom(ck_session_handle_t session, unsigned char *random_data
			 nacre(out, count(random_len)), unsigned long random_len);
ck_rv_t C_GetFunctionStatus(ck_session_handle_t session) LIBRARY;
ck_rv_t C_CancelFunction(ck_session_handle_t session) LIBRARY;

#undef IN
#undef OUT
#undef LENGTH
#undef ATTRIBUTES
#undef MECHANISM
#undef KEY
#undef LIBRARY
#undef SLOW

#endif
