/* SPDX-License-Identifier: BSD-2-Clause */
/* identity.c - with --new-identity: what must not be the same on two machines
 *
 * A conversion is a move, so the machine stays itself; a copy that runs beside the old machine must not.
 * machine-id(5): an empty file is filled at the first boot. Host keys are made again by sshd's own unit
 * (Fedora, Arch, SUSE, Alpine); Debian's package makes them only when it is installed, so there a unit of ours does.
 */
#include "conversion/fixup/linux/run.h"

#include <sys/stat.h>

static const char keys_unit[] =
	"# nacre: new SSH host keys at the first boot\n"
	"[Unit]\nConditionPathExists=!/etc/ssh/ssh_host_ed25519_key\nBefore=ssh.service ssh.socket\n"
	"After=systemd-random-seed.service\n\n"
	"[Service]\nType=oneshot\nExecStart=/usr/bin/ssh-keygen -A\n\n"
	"[Install]\nWantedBy=multi-user.target\n";

static int empty(struct nacre_span in, void *arg, struct nacre_text *out)
{
	(void)in;
	(void)arg;
	nacre_text_puts(out, "");
	return 0;
}

struct removing {
	struct nacre_run *run;
	const char *directory, *prefix, *why;
	int removed;
};

static int remove_one(void *arg, const struct nacre_fs_entry *entry)
{
	struct removing *removing = arg;
	char path[NACRE_FS_PATH];

	if (strncmp(entry->name, removing->prefix, strlen(removing->prefix)) ||
	    snprintf(path, sizeof(path), "%s/%s", removing->directory, entry->name) >= (int)sizeof(path))
		return 0;
	removing->removed++;
	return nacre_run_remove(removing->run, path, removing->why);
}

static int remove_each(struct nacre_run *r, const char *directory, const char *prefix, const char *why, int *removed)
{
	struct removing removing = {r, directory, prefix, why, 0};

	if (nacre_tree_exists(r->f->tree, directory) &&
	    nacre_tree_each(r->f->tree, directory, remove_one, &removing, r->e) < 0)
		return -1;
	*removed = removing.removed;
	return 0;
}

static int ssh_keys(struct nacre_run *r)
{
	static const char unit[] = "/etc/systemd/system/nacre-ssh-keys.service";
	static const char wanted[] = "/etc/systemd/system/multi-user.target.wants/nacre-ssh-keys.service";
	int removed;

	if (remove_each(r, "/etc/ssh", "ssh_host_", "a new key is made at the first boot", &removed) < 0)
		return -1;
	if (!removed || strcmp(r->f->inventory->family, "debian") ||
	    !nacre_tree_exists(r->f->tree, "/lib/systemd/system/ssh.service"))
		return 0;
	if (nacre_run_write(r, unit, keys_unit, sizeof(keys_unit) - 1, "it makes the SSH host keys") < 0)
		return -1;
	return nacre_run_link(r, unit, wanted, "it makes the SSH host keys");
}

static int body(struct nacre_run *r)
{
	static const char *const seeds[] = {"/var/lib/systemd/random-seed", "/var/lib/urandom/random-seed",
					    "/var/lib/random-seed", "/var/lib/seedrng/seed.credit",
					    "/var/lib/NetworkManager/secret_key", NULL};
	struct nacre_fs_stat st;
	static const struct {
		const char *directory, *prefix;
	} leases[] = {{"/var/lib/dhcp", "dhclient"}, {"/var/lib/dhclient", "dhclient"}, {"/var/lib/dhcpcd", "duid"}, {"/var/lib/dhcpcd", "secret"},
		      {"/var/lib/NetworkManager", "dhclient-"}, {"/var/lib/NetworkManager", "internal-"},
		      {"/var/lib/wicked", "lease-"}, {"/var/lib/wicked", "duid"}};
	int removed;

	if (!r->f->options->new_identity)
		return 0;
	if (nacre_run_edit(r, "/etc/machine-id", empty, NULL, "a new one is made at the first boot") < 0)
		return -1;
	if (nacre_tree_stat(r->f->tree, "/var/lib/dbus/machine-id", false, &st, NULL) == 0 && S_ISREG(st.mode) &&
	    nacre_run_remove(r, "/var/lib/dbus/machine-id", "D-Bus takes it from /etc/machine-id") < 0)
		return -1;
	for (int i = 0; seeds[i]; i++)
		if (nacre_run_remove(r, seeds[i], "no two machines may start from the same seed") < 0)
			return -1;
	for (size_t i = 0; i < sizeof(leases) / sizeof(*leases); i++)
		if (remove_each(r, leases[i].directory, leases[i].prefix, "the lease is the old machine's", &removed) < 0)
			return -1;
	/* a link: cloud-init takes the machine for a new one */
	if (nacre_run_remove(r, "/var/lib/cloud/instance", "cloud-init sets it up as a new machine") < 0)
		return -1;
	return ssh_keys(r);
}

NACRE_FIX(identity, "identity", "an identity of its own", NULL, body);
