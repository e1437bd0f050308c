/* SPDX-License-Identifier: BSD-2-Clause */
/* virtual.c - a virtual process: the clone's first thread
 *
 * It serves the control socket: each message brings one more channel, its end ends the process. Calls
 * are served by lanes (stub/), one thread each.
 */
#include "extension/vproc/zygote.h"

#include "extension/channel/channel.h"
#include "extension/stub/lane.h"
#include "extension/vproc/control.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

_Noreturn void nacre_virtual_main(const struct nacre_zygote *z, uint64_t serial, int channel,
				  int control)
{
	const struct nacre_registration *r = &z->startup.r;
	struct nacre_control message;
	int fds[NACRE_FDS_MAX];
	ssize_t n;

	prctl(PR_SET_NAME, "nacre-virtual");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nacre_confine_clone(&z->confinement, NULL) < 0)
		_exit(126);
	if (r->cold && nacre_stub_load(r->extension, r->stub, NULL) < 0)
		_exit(125);
	nacre_stub_process.serial = serial;
	nacre_stub_process.profile = r->profile;
	if (nacre_lane_start(channel, NULL) < 0)
		_exit(124);
	while ((n = nacre_fds_receive(control, &message, sizeof(message), fds, true)) > 0)
		if (n == sizeof(message) && message.kind == NACRE_CONTROL_CHANNEL && fds[0] >= 0)
			nacre_lane_start(fds[0], NULL);
	_exit(0);
}
