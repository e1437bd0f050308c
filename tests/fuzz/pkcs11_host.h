/* SPDX-License-Identifier: BSD-2-Clause */
/* pkcs11_host.h - the 68 functions of PKCS#11, each with the kinds of its arguments (fuzz_proxy.c) */
#ifndef NACRE_FUZZ_PKCS11_HOST_H
#define NACRE_FUZZ_PKCS11_HOST_H

#define CRYPTOKI_GNU 1
#include <stdbool.h>
#include <p11-kit/pkcs11.h>

/* clang-format off */
#define PKCS11_FUNCTIONS(F) \
	F(C_Initialize, "a") \
	F(C_Finalize, "n") \
	F(C_GetInfo, "1") \
	F(C_GetFunctionList, "h") \
	F(C_GetSlotList, "wl") \
	F(C_GetSlotInfo, "w2") \
	F(C_GetTokenInfo, "w3") \
	F(C_WaitForSlotEvent, "whn") \
	F(C_GetMechanismList, "wl") \
	F(C_GetMechanismInfo, "ww4") \
	F(C_InitToken, "wip") \
	F(C_InitPIN, "si") \
	F(C_SetPIN, "sii") \
	F(C_OpenSession, "wwch") \
	F(C_CloseSession, "s") \
	F(C_CloseAllSessions, "w") \
	F(C_GetSessionInfo, "s5") \
	F(C_GetOperationState, "sb") \
	F(C_SetOperationState, "sioo") \
	F(C_Login, "swi") \
	F(C_Logout, "s") \
	F(C_CreateObject, "sth") \
	F(C_CopyObject, "soth") \
	F(C_DestroyObject, "so") \
	F(C_GetObjectSize, "so6") \
	F(C_GetAttributeValue, "soq") \
	F(C_SetAttributeValue, "sot") \
	F(C_FindObjectsInit, "st") \
	F(C_FindObjects, "sf") \
	F(C_FindObjectsFinal, "s") \
	F(C_EncryptInit, "smo") \
	F(C_Encrypt, "sib") \
	F(C_EncryptUpdate, "sib") \
	F(C_EncryptFinal, "sb") \
	F(C_DecryptInit, "smo") \
	F(C_Decrypt, "sib") \
	F(C_DecryptUpdate, "sib") \
	F(C_DecryptFinal, "sb") \
	F(C_DigestInit, "sm") \
	F(C_Digest, "sib") \
	F(C_DigestUpdate, "si") \
	F(C_DigestKey, "so") \
	F(C_DigestFinal, "sb") \
	F(C_SignInit, "smo") \
	F(C_Sign, "sib") \
	F(C_SignUpdate, "si") \
	F(C_SignFinal, "sb") \
	F(C_SignRecoverInit, "smo") \
	F(C_SignRecover, "sib") \
	F(C_VerifyInit, "smo") \
	F(C_Verify, "sii") \
	F(C_VerifyUpdate, "si") \
	F(C_VerifyFinal, "si") \
	F(C_VerifyRecoverInit, "smo") \
	F(C_VerifyRecover, "sib") \
	F(C_DigestEncryptUpdate, "sib") \
	F(C_DecryptDigestUpdate, "sib") \
	F(C_SignEncryptUpdate, "sib") \
	F(C_DecryptVerifyUpdate, "sib") \
	F(C_GenerateKey, "smth") \
	F(C_GenerateKeyPair, "smtthh") \
	F(C_WrapKey, "smoob") \
	F(C_UnwrapKey, "smoith") \
	F(C_DeriveKey, "smoth") \
	F(C_SeedRandom, "si") \
	F(C_GenerateRandom, "sr") \
	F(C_GetFunctionStatus, "s") \
	F(C_CancelFunction, "s")
/* clang-format on */

#endif
