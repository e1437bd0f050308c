/* SPDX-License-Identifier: BSD-2-Clause */
/* proxy.h - what a generated proxy is made of, and the runtime that it calls
 *
 * A proxy is one shared object: generated code (`nacre_interface` and one function per function of
 * the interface) and the runtime (libnacre-proxy.a, hidden). A generated function looks like this:
 *
 *	ck_rv_t C_CloseSession(ck_session_handle_t session)
 *	{
 *		struct nacre_call call;
 *		uint64_t session_;
 *
 *		nacre_call_open(&call, OP_C_CloseSession);
 *		while (nacre_call_begin(&call)) {
 *			if (!nacre_handle_out(&call, HANDLE_session, session, &session_))
 *				return nacre_call_refuse(&call, "stale handle"), CKR_SESSION_HANDLE_INVALID;
 *			nacre_put_word(&call.out, session_);
 *			nacre_call_expect(&call, 8);
 *			if (!nacre_call_send(&call))
 *				continue;
 *			ck_rv_t result = (ck_rv_t)nacre_get_word(&call.in);
 *			bool success = result == CKR_OK;
 *			if (success)
 *				nacre_handle_close(&call, HANDLE_session, session);
 *			if (nacre_call_accept(&call, success))
 *				return result;
 *		}
 *		return CKR_DEVICE_ERROR;	// declared by on_fail
 *	}
 *
 * Nothing reaches the host's memory before nacre_call_accept() has found the whole reply well
 * formed: outs are queued by nacre_call_give() and applied there.
 */
#ifndef NACRE_PROXY_H
#define NACRE_PROXY_H

#include <nacre/message.h>

typedef void (*nacre_function)(void);

enum nacre_op_flag {
	NACRE_OP_IDEMPOTENT = 1,  /* may be sent again after a loss */
	NACRE_OP_REPLAY = 2,      /* recorded on success, repeated after a restart */
	NACRE_OP_FORGETS = 4,     /* on success ends the replay of .forgets */
	NACRE_OP_SECRET = 8,      /* wipe message memory */
	NACRE_OP_NO_DEADLINE = 16 /* may take for ever; only death is watched for */
};

/** struct nacre_op - one function of the interface */
struct nacre_op {
	const char *name;
	uint32_t flags;
	uint32_t deadline_ms; /* 0: the registry's, else the interface's default */
	uint32_t forgets;     /* op number, with NACRE_OP_FORGETS */
};

/** struct nacre_handle_kind - objects that live in the extension */
struct nacre_handle_kind {
	const char *name;
	uint64_t none;  /* the value that names no object */
	uint8_t bits;   /* width of the C type: 32 or 64 */
	bool tracked;   /* keep the set of live ones */
};

struct nacre_upcall;

/** struct nacre_callback_kind - one kind of host function that an extension may call */
struct nacre_callback_kind {
	const char *name;
	/* Decode up->in, call @host, encode the result to up->out. False: arguments malformed. */
	bool (*serve)(struct nacre_upcall *up, nacre_function host);
};

/** struct nacre_interface - the tables of one interface; the generated proxy defines one */
struct nacre_interface {
	const char *name, *version;
	uint8_t digest[16]; /* of the interface model: equal on both sides or no call is made */
	uint32_t deadline_ms;
	uint32_t op_count, handle_count, callback_count;
	const struct nacre_op *ops;
	const struct nacre_handle_kind *handles;
	const struct nacre_callback_kind *callbacks;
};
extern const struct nacre_interface nacre_interface;

struct nacre_channel;
struct nacre_memory;

#define NACRE_GIFTS 12 /* outs that fit into the call itself; more are kept on the heap */

/** struct nacre_gift - one write to the host's memory, applied when the reply holds */
struct nacre_gift {
	void *to;
	const void *from;
	size_t size;
};

/** struct nacre_call - one call of the host, on the stack of the generated function */
struct nacre_call {
	struct nacre_writer out; /* the request */
	struct nacre_reader in;  /* a private copy of the reply */
	/* The rest belongs to the runtime. */
	struct nacre_channel *channel;
	uint32_t op, attempts;
	uint32_t generation;
	int host_errno, reply_errno;
	size_t expected;
	uint32_t gift_count, gift_room;
	struct nacre_gift *gifts; /* few, or on the heap */
	struct nacre_note *notes; /* handles opened and closed, applied on success */
	struct nacre_memory *memory; /* of nacre_call_alloc() */
	void *record;             /* copy of a request that may have to be replayed */
	size_t record_size;
	uint64_t first_word; /* of the reply: its result */
	bool violated; /* the reply broke the interface; the loss is told */
	bool pending; /* the reply's private copy is held */
	bool done;    /* no further attempt */
	struct nacre_gift few[NACRE_GIFTS];
};

/** nacre_call_open() - start a call; must be followed by nacre_call_begin() */
void nacre_call_open(struct nacre_call *call, uint32_t op);

/**
 * nacre_call_begin() - prepare an attempt: a virtual process, a channel, an empty request
 *
 * Return: false when there is no (further) attempt: the caller returns the declared failure.
 */
bool nacre_call_begin(struct nacre_call *call);

/** nacre_call_expect() - the reply may take @bytes more (sum of all, 8 + padded size per buffer) */
static inline void nacre_call_expect(struct nacre_call *call, uint64_t bytes)
{
	if (bytes > NACRE_MESSAGE_MAX || call->expected > NACRE_MESSAGE_MAX)
		call->out.failed = true;
	else
		call->expected += nacre_padded(bytes);
}

/**
 * nacre_call_send() - send the request, serve callbacks, wait for the reply
 *
 * Return: true with the reply in @call->in. False after a loss; the caller loops to
 * nacre_call_begin().
 */
bool nacre_call_send(struct nacre_call *call);

/**
 * nacre_call_give() - queue a write to the host's memory
 * @from: must stay valid until nacre_call_accept(): in the reply's private copy, or on the
 *        generated function's stack
 */
void nacre_call_give(struct nacre_call *call, void *to, const void *from, size_t size);

/** nacre_call_last_word() - where the word just read lies, for nacre_call_give() */
static inline uint64_t *nacre_call_last_word(struct nacre_call *call)
{
	return (uint64_t *)(uintptr_t)(call->in.at - 8);
}

/**
 * nacre_call_accept() - end the reply: whole, well formed, nothing left over
 * @success: the call succeeded in the interface's own terms
 *
 * Applies the gifts, handle notes, replay records and errno. Return: true when the host may have
 * the result; false after a violation (the virtual process is ended), when the caller loops.
 */
bool nacre_call_accept(struct nacre_call *call, bool success);

/** nacre_call_refuse() - end a call before it is sent: @why goes to the log at debug level */
void nacre_call_refuse(struct nacre_call *call, const char *why);

/** nacre_call_violate() - mark the reply as malformed, with a reason for the log */
void nacre_call_violate(struct nacre_call *call, const char *why) __attribute__((cold));

/**
 * nacre_handle_out() - translate a handle of the host for the extension
 *
 * Return: false when it is from before a restart.
 */
bool nacre_handle_out(struct nacre_call *call, uint32_t kind, uint64_t host, uint64_t *wire);

/** nacre_handle_in() - translate a handle of the extension for the host; marks bad ones */
uint64_t nacre_handle_in(struct nacre_call *call, uint32_t kind, uint64_t wire, bool opens);

void nacre_handle_close(struct nacre_call *call, uint32_t kind, uint64_t host);
void nacre_handle_close_all(struct nacre_call *call, uint32_t kind);

/** nacre_put_callback() - a host function as an argument; NULL is sent as 0 */
void nacre_put_callback(struct nacre_call *call, uint32_t kind, nacre_function host);

/* Kinds of tokens, beside the numbers of callbacks: what the overlay calls by one name is one kind. */
#define NACRE_TOKEN_PLAIN   0x80000000u
#define NACRE_TOKEN(number) (0x90000000u ^ (number))

/** nacre_put_token() - a host pointer that the extension only hands back; NULL is sent as 0 */
void nacre_put_token(struct nacre_writer *w, uint32_t kind, const void *host);

/** nacre_intern() - a copy of @text that lives as long as the proxy; NULL when the table is full */
const char *nacre_intern(const char *text);

/** struct nacre_upcall - one callback, served on the host thread that made the call */
struct nacre_upcall {
	struct nacre_reader in;
	struct nacre_writer out;
	/* The rest belongs to the runtime. */
	struct nacre_channel *channel;
	struct nacre_memory *memory; /* of nacre_upcall_alloc() */
};

/** nacre_get_token() - the host pointer behind a token; one never given as this kind is malformed */
void *nacre_get_token(struct nacre_reader *r, uint32_t kind);

/** nacre_upcall_handle() - a handle argument of a callback, checked against the live ones */
uint64_t nacre_upcall_handle(struct nacre_upcall *up, uint32_t kind);

/** nacre_upcall_alloc() - zeroed memory for outs of a callback, until it returns */
void *nacre_upcall_alloc(struct nacre_upcall *up, uint64_t count, size_t size);

/** nacre_upcall_ready() - the arguments are decoded: were they well formed, and nothing more? */
static inline bool nacre_upcall_ready(const struct nacre_upcall *up)
{
	return !up->in.bad && up->in.at == up->in.end;
}

/**
 * nacre_call_alloc() - zeroed memory, aligned to 16, until the call ends or is tried again
 *
 * Return: NULL when @count * @size overflows or is beyond the limit; the request has then failed
 * (@call->out.failed). Never NULL for 0 elements.
 */
void *nacre_call_alloc(struct nacre_call *call, uint64_t count, size_t size);

/** nacre_put_room() - announce an out buffer of @room elements, and expect it filled */
static inline void nacre_put_room(struct nacre_call *call, const void *to, uint64_t room,
				  size_t size)
{
	uint64_t bytes = 0;

	nacre_put_word(&call->out, to ? room : NACRE_ABSENT);
	if (to && (__builtin_mul_overflow(room, size, &bytes) || bytes > NACRE_MESSAGE_MAX))
		call->out.failed = true;
	else
		nacre_call_expect(call, 8 + nacre_padded(bytes));
}

/** nacre_expect_array() - the reply may hold @count elements of @size bytes behind their length */
static inline void nacre_expect_array(struct nacre_call *call, uint64_t count, size_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > NACRE_MESSAGE_MAX)
		call->out.failed = true;
	else
		nacre_call_expect(call, 8 + nacre_padded(bytes));
}

/**
 * nacre_take_array() - the next out buffer of the reply
 * @wanted: the host gave a buffer and the call succeeded; else it must be absent
 * @used:   elements that the reply's own lengths announce
 * @room:   elements that the host's buffer holds
 * @what:   its name, for the log
 *
 * Return: @used elements in the reply's private copy; NULL where it is not wanted or malformed.
 */
static inline void *nacre_take_array(struct nacre_call *call, bool wanted, uint64_t used,
				     uint64_t room, size_t size, const char *what)
{
	size_t n, want;
	void *data = nacre_get_bytes(&call->in, &n);

	if (!wanted) {
		if (data)
			nacre_call_violate(call, what);
		return NULL;
	}
	if (!data || used > room || __builtin_mul_overflow(used, size, &want) || n != want) {
		nacre_call_violate(call, what);
		return NULL;
	}
	return data;
}

/** nacre_give_array() - take the next out buffer and queue it for the host's buffer @to */
static inline void nacre_give_array(struct nacre_call *call, void *to, bool wanted, uint64_t used,
				    uint64_t room, size_t size, const char *what)
{
	const void *data = nacre_take_array(call, wanted && to, used, room, size, what);

	if (data)
		nacre_call_give(call, to, data, used * size);
}

/** nacre_give_text() - the same for a string: it must end with its only 0, within @room bytes */
static inline void nacre_give_text(struct nacre_call *call, char *to, bool wanted, uint64_t room,
				   const char *what)
{
	size_t n;
	const char *text = nacre_get_bytes(&call->in, &n);

	if (!wanted || !to ? text != NULL : !text || !n || n > room ||
					    memchr(text, 0, n) != text + n - 1)
		nacre_call_violate(call, what);
	else if (text)
		nacre_call_give(call, to, text, n);
}

/** nacre_take_string() - a string of the extension, as a copy that the host may keep */
static inline const char *nacre_take_string(struct nacre_call *call, size_t max)
{
	const char *text = nacre_get_string(&call->in, max), *copy;

	if (!text)
		return NULL;
	copy = nacre_intern(text);
	if (!copy)
		nacre_call_violate(call, "too many different strings");
	return copy;
}

#endif
