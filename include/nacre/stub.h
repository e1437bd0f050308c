/* SPDX-License-Identifier: BSD-2-Clause */
/* stub.h - what a generated stub is made of, and the runtime that it calls
 *
 * A stub is one shared object that exports `nacre_stub`. It is loaded by nacre-vproc, whose symbols
 * (the functions below) it uses. A generated function looks like this:
 *
 *	static void serve_C_CloseSession(struct nacre_service *s)
 *	{
 *		ck_session_handle_t session = (ck_session_handle_t)nacre_get_word(&s->in);
 *
 *		if (!nacre_service_ready(s, (nacre_function)extension.C_CloseSession))
 *			return;
 *		ck_rv_t result = extension.C_CloseSession(session);
 *		nacre_service_called(s);
 *		nacre_put_word(&s->out, (uint64_t)result);
 *	}
 *
 * The reader's memory is a private copy of the request: `in` buffers are passed to the extension
 * right there. Everything else comes from nacre_service_alloc() and is gone after the call.
 */
#ifndef NACRE_STUB_H
#define NACRE_STUB_H

#include <nacre/error.h>
#include <nacre/message.h>

typedef void (*nacre_function)(void);

#define NACRE_THUNKS 16 /* different host functions per kind of callback and virtual process */

/** struct nacre_service - one request being served */
struct nacre_service {
	struct nacre_reader in;
	struct nacre_writer out;
	struct nacre_lane *lane; /* the runtime's: channel, depth, memory */
	int host_errno;
};

/** struct nacre_stub - what a generated stub exports, as `nacre_stub` */
struct nacre_stub {
	const char *name, *version;
	uint8_t digest[16];
	uint32_t op_count, callback_count;
	const char *const *op_names;
	void (*const *serve)(struct nacre_service *s); /* by op number */
	/* thunks[kind][slot]: the function pointer that the extension gets for a host function */
	const nacre_function (*thunks)[NACRE_THUNKS];
	/* Find the extension's functions; what is missing stays NULL. -1: it is not such an extension */
	int (*bind)(void *library, struct nacre_error *e);
};

/**
 * nacre_service_ready() - the request is decoded: may the extension be called?
 *
 * Checks that the message was well formed and consumed whole, that memory sufficed and that
 * @function is not NULL; sets errno to the host's. Return: false: a rejection was sent instead.
 */
bool nacre_service_ready(struct nacre_service *s, nacre_function function);

/** nacre_service_called() - the extension returned: keep its errno for the host */
void nacre_service_called(struct nacre_service *s);

/**
 * nacre_service_alloc() - zeroed memory, aligned to 16, until the call ends
 *
 * Return: NULL when @count * @size overflows or is beyond the limit; the request is then bad.
 * Never NULL for 0 elements.
 */
void *nacre_service_alloc(struct nacre_service *s, uint64_t count, size_t size);

/** nacre_get_callback() - the thunk for a host function; NULL for 0; too many different ones: bad */
nacre_function nacre_get_callback(struct nacre_service *s, uint32_t kind);

/**
 * Objects behind pointer handles and resident structs. An id is never 0 and never reused within a
 * virtual process.
 */
uint64_t nacre_object_add(uint32_t kind, void *object);
/** nacre_object_get() - the object behind @id; an unknown id makes the request bad. 0: NULL */
void *nacre_object_get(struct nacre_service *s, uint32_t kind, uint64_t id);
void nacre_object_remove(uint32_t kind, uint64_t id);
/** nacre_object_id() - the id of @object, added where it is new; 0 for NULL */
uint64_t nacre_object_id(uint32_t kind, void *object);

/** nacre_nowhere() - a pointer that is not NULL and that nothing can be read through */
void *nacre_nowhere(void);

/** struct nacre_downcall - a callback in the making: extension to host */
struct nacre_downcall {
	struct nacre_writer out;
	struct nacre_reader in; /* a private copy of the host's answer */
	struct nacre_lane *lane;
	uint32_t kind;
};

/**
 * nacre_downcall_begin() - call the host function behind @slot of @kind
 *
 * Return: false where the calling thread serves no call: the thunk returns its declared failure.
 */
bool nacre_downcall_begin(struct nacre_downcall *d, uint32_t kind, uint32_t slot);
/** nacre_downcall_send() - send, serve nested calls, wait; false: the host did not answer */
bool nacre_downcall_send(struct nacre_downcall *d);
/** nacre_downcall_end() - false: the answer was malformed */
bool nacre_downcall_end(struct nacre_downcall *d);
/** nacre_put_object_token: tokens are plain words to the stub */
#define nacre_token_pointer(word) ((void *)(uintptr_t)(word))

/** NACRE_EACH_THUNK() - @X(kind, slot) for every slot */
#define NACRE_EACH_THUNK(X, kind)                                                                  \
	X(kind, 0) X(kind, 1) X(kind, 2) X(kind, 3) X(kind, 4) X(kind, 5) X(kind, 6) X(kind, 7)    \
	X(kind, 8) X(kind, 9) X(kind, 10) X(kind, 11) X(kind, 12) X(kind, 13) X(kind, 14)          \
	X(kind, 15)

/** nacre_get_strings() - an array of strings that ends with NULL */
static inline char **nacre_get_strings(struct nacre_service *s, size_t max)
{
	uint64_t count = nacre_get_word(&s->in);
	char **list;

	if (count == NACRE_ABSENT || s->in.bad)
		return NULL;
	if (count > (size_t)(s->in.end - s->in.at) / 8) { /* each takes a word at least */
		s->in.bad = true;
		return NULL;
	}
	list = (char **)nacre_service_alloc(s, count + 1, sizeof(*list));
	for (uint64_t i = 0; list && i < count; i++)
		list[i] = nacre_get_string(&s->in, max);
	return list;
}

#endif
