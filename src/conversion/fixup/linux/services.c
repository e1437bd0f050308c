/* SPDX-License-Identifier: BSD-2-Clause */
/* services.c - services of hardware that a virtual machine does not have, and of other hypervisors' guests
 *
 * With systemd a service is masked by a link to /dev/null in /etc/systemd/system, which also covers
 * scripts in /etc/init.d; with OpenRC and sysvinit its links in the runlevels go. Only those that are
 * installed are touched, and no unit that an administrator wrote. irqbalance, acpid and the like stay:
 * they have work in a virtual machine too.
 */
#include "conversion/fixup/linux/run.h"

#include <sys/stat.h>

static const char *const services[] = {
	/* disks, sensors, memory, power */
	"smartd", "smartmontools", "hddtemp", "lm-sensors", "lm_sensors", "sensord", "fancontrol", "mcelog", "mcelogd",
	"rasdaemon", "edac", "thermald", "tlp", "laptop-mode", "powertop", "ipmi", "openipmi", "ipmievd", "ipmidetectd",
	"bmc-watchdog", "bolt", "nvidia-persistenced", "nvidia-powerd", "nvidia-fabricmanager",
	/* Dell, HPE, Lenovo/IBM, RAID controllers */
	"dataeng", "dsm_sa_datamgrd", "dsm_sa_eventmgrd", "dsm_sa_snmpd", "dsm_om_connsvc", "dsm_om_shrsvc", "instsvcdrv",
	"srvadmin-services", "dcismeng", "hp-health", "hp-asrd", "hp-snmp-agents", "hpsmhd", "smad", "smad_rev", "amsd",
	"amsd_rev", "ahslog", "cpqFca", "cpqIde", "cpqScsi", "mr_cpqScsi", "hp-ams", "ibmasm", "lsi_mrdsnmpd",
	"vivaldiframeworkd", "MegaRAIDStorageManager", "mrmonitor", "stor_agent", "3dm2", "aacraid-status", "megaraid-status",
	"megaraid-sas-status", "megaclisas-statusd", "mpt-statusd", "cciss-vol-statusd", "tw_cli",
	/* guests of other hypervisors */
	"vmtoolsd", "open-vm-tools", "vgauth", "vgauthd", "vmware-tools", "vmware-tools-thinprint", "vboxadd",
	"vboxadd-service", "vboxadd-x11", "vboxservice", "virtualbox-guest-utils", "xe-daemon", "xe-linux-distribution",
	"xen-watchdog", "prltoolsd", "prl-x11", "hypervkvpd", "hypervvssd", "hypervfcopyd", "hv-kvp-daemon", "hv-vss-daemon",
	"hv-fcopy-daemon", "walinuxagent", "waagent", NULL};

static bool systemd_unit(struct nacre_tree *tree, const char *service)
{
	static const char *const places[] = {"/usr/lib/systemd/system/%s.service", "/lib/systemd/system/%s.service",
					     "/etc/init.d/%s", NULL};
	char path[128];

	for (int i = 0; places[i]; i++) {

		snprintf(path, sizeof(path), places[i], service);

		if (nacre_tree_exists(tree, path))
			return true;
	}
	return false;
}

static int mask(struct nacre_run *r, const char *service)
{
	struct nacre_fs_stat st;
	char path[128];

	snprintf(path, sizeof(path), "/etc/systemd/system/%s.service", service);
	if (nacre_tree_stat(r->f->tree, path, false, &st, NULL) == 0 && !S_ISLNK(st.mode))
		return 0;
	/* an alias ("smartd" of "smartmontools") is a link there: it names an installed unit too */
	if (!systemd_unit(r->f->tree, service) && !nacre_tree_exists(r->f->tree, path))
		return 0;
	return nacre_run_link(r, "/dev/null", path, "its hardware stays behind");
}

struct links {
	struct nacre_run *run;
	const char *directory;
};

/* "smartd" of OpenRC's runlevels, "S20smartd" of sysvinit's. */
static int runlevel_link(void *arg, const struct nacre_fs_entry *entry)
{
	const struct links *links = arg;
	const char *name = entry->name;
	char path[NACRE_FS_PATH];

	if (name[0] == 'S' && name[1] >= '0' && name[1] <= '9' && name[2] >= '0' && name[2] <= '9')
		name += 3;
	for (int i = 0; services[i]; i++)
		if (!strcmp(name, services[i])) {
			snprintf(path, sizeof(path), "%s/%s", links->directory, entry->name);
			return nacre_run_remove(links->run, path, "its hardware stays behind");
		}
	return 0;
}

static int body(struct nacre_run *r)
{
	static const char *const runlevels[] = {"/etc/runlevels/boot", "/etc/runlevels/default", "/etc/rc2.d", "/etc/rc3.d",
						"/etc/rc4.d", "/etc/rc5.d", "/etc/rcS.d", NULL};

	if (nacre_tree_exists(r->f->tree, "/usr/lib/systemd/systemd") ||
	    nacre_tree_exists(r->f->tree, "/lib/systemd/systemd")) {
		for (int i = 0; services[i]; i++)
			if (mask(r, services[i]) < 0)
				return -1;
		return 0;
	}
	for (int i = 0; runlevels[i]; i++) {
		struct links links = {r, runlevels[i]};

		if (nacre_tree_exists(r->f->tree, runlevels[i]) &&
		    nacre_tree_each(r->f->tree, runlevels[i], runlevel_link, &links, r->e) < 0)
			return -1;
	}
	return 0;
}

NACRE_FIX(services, "services", "services of absent hardware do not start", NULL, body);
