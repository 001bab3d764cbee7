/*
 * A disk that hangs: see hanging_disk.h.
 */
#define _GNU_SOURCE /* unshare */
#include "lib/hanging_disk.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 8, NAME_BYTES = 64, FILE_BYTES = 4 << 20, WRITE_BYTES = 1 << 17 };

/* Number in the table + 2; 1 is the folder of all. */
struct file {
	char name[NAME_BYTES]; /* "": there is none */
	uint64_t size;
	uint32_t mode;
	uint8_t *bytes;
};

struct shared {
	atomic_int hang;
	atomic_bool hangs;
};

static struct file files[FILES];
static struct shared *shared;
static int fuse_fd = -1;

static void
reply(const struct fuse_in_header *in, int error, const void *body, size_t length)
{
	static uint8_t buffer[sizeof(struct fuse_out_header) + WRITE_BYTES];
	struct fuse_out_header *out = (struct fuse_out_header *)buffer;

	*out = (struct fuse_out_header){
		.len = (uint32_t)(sizeof(*out) + length), .error = -error, .unique = in->unique};
	if (length > 0)
		memcpy(buffer + sizeof(*out), body, length);
	/* ENOENT: whoever asked was killed. */
	if (write(fuse_fd, buffer, out->len) != (ssize_t)out->len && errno != ENOENT)
		_exit(1);
}

static struct fuse_attr
attributes_of(uint64_t node)
{
	struct fuse_attr attributes = {.ino = node, .nlink = 1, .blksize = 4096};

	if (node == FUSE_ROOT_ID) {
		attributes.mode = S_IFDIR | 0755;
	} else {
		attributes.mode = S_IFREG | files[node - 2].mode;
		attributes.size = files[node - 2].size;
		attributes.blocks = (attributes.size + 511) / 512;
	}
	return attributes;
}

static struct fuse_entry_out
entry_of(uint64_t node)
{
	return (struct fuse_entry_out){.nodeid = node, .attr = attributes_of(node)};
}

/* 0: there is none. */
static uint64_t
find(const char *name)
{
	for (uint64_t i = 0; i < FILES; i++) {
		if (files[i].name[0] != '\0' && strcmp(files[i].name, name) == 0)
			return i + 2;
	}
	return 0;
}

/* Longer names than are ever asked for end the server, which nobody overlooks. */
static void
give_name(struct file *file, const char *name)
{
	if (strlen(name) >= NAME_BYTES)
		_exit(1);
	strcpy(file->name, name);
}

static void
create(const struct fuse_in_header *in, const struct fuse_create_in *how)
{
	const char *name = (const char *)(how + 1);
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out = {.open.open_flags = FOPEN_DIRECT_IO};

	for (uint64_t i = 0; i < FILES; i++) {
		/* Of those that were removed the numbers are not used again. */
		if (files[i].bytes != NULL)
			continue;
		files[i].bytes = calloc(1, FILE_BYTES);
		files[i].mode = how->mode & 07777;
		give_name(&files[i], name);
		out.entry = entry_of(i + 2);
		reply(in, 0, &out, sizeof(out));
		return;
	}
	reply(in, ENOSPC, NULL, 0);
}

static void
change(const struct fuse_in_header *in, const struct fuse_setattr_in *to)
{
	struct file *file = &files[in->nodeid - 2];
	struct fuse_attr_out out = {0};

	if ((to->valid & FATTR_SIZE) != 0)
		file->size = to->size;
	if ((to->valid & FATTR_MODE) != 0)
		file->mode = to->mode & 07777;
	out.attr = attributes_of(in->nodeid);
	reply(in, 0, &out, sizeof(out));
}

static void
read_file(const struct fuse_in_header *in, const struct fuse_read_in *what)
{
	const struct file *file = &files[in->nodeid - 2];
	uint64_t rest = what->offset < file->size ? file->size - what->offset : 0;

	reply(in, 0, file->bytes + what->offset, rest < what->size ? rest : what->size);
}

static void
write_file(const struct fuse_in_header *in, const struct fuse_write_in *what)
{
	struct file *file = &files[in->nodeid - 2];
	struct fuse_write_out out = {.size = what->size};

	if (what->offset + what->size > FILE_BYTES) {
		reply(in, EFBIG, NULL, 0);
		return;
	}
	memcpy(file->bytes + what->offset, what + 1, what->size);
	if (what->offset + what->size > file->size)
		file->size = what->offset + what->size;
	reply(in, 0, &out, sizeof(out));
}

static void
rename_file(const struct fuse_in_header *in, const char *from)
{
	const char *to = from + strlen(from) + 1;
	uint64_t node = find(from);
	uint64_t replaced = find(to);

	if (replaced != 0)
		files[replaced - 2].name[0] = '\0';
	if (node != 0)
		give_name(&files[node - 2], to);
	reply(in, node == 0 ? ENOENT : 0, NULL, 0);
}

static void
remove_file(const struct fuse_in_header *in, const char *name)
{
	uint64_t node = find(name);

	if (node != 0)
		files[node - 2].name[0] = '\0';
	reply(in, node == 0 ? ENOENT : 0, NULL, 0);
}

static void
init(const struct fuse_in_header *in, const struct fuse_init_in *offer)
{
	const struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = offer->minor < FUSE_KERNEL_MINOR_VERSION ? offer->minor
								  : FUSE_KERNEL_MINOR_VERSION,
		.flags = FUSE_BIG_WRITES,
		.max_background = 16,
		.max_write = WRITE_BYTES,
		.time_gran = 1,
	};

	reply(in, 0, &out, sizeof(out));
}

/* Wait here as long as it is to hang. */
static void
answer_when_due(uint32_t opcode)
{
	static const uint32_t opcodes[] = {
		[SC_HANG_NOTHING] = 0,
		[SC_HANG_OPEN] = FUSE_CREATE,
		[SC_HANG_READ] = FUSE_READ,
		[SC_HANG_WRITE] = FUSE_WRITE,
		[SC_HANG_SYNC] = FUSE_FSYNC,
	};

	while (opcodes[atomic_load(&shared->hang)] == opcode) {
		atomic_store(&shared->hangs, true);
		sc_clock_sleep_ns(1000 * 1000);
	}
	atomic_store(&shared->hangs, false);
}

static void
answer(const struct fuse_in_header *in)
{
	const struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
	const struct fuse_statfs_out space = {.st = {.blocks = 1 << 20,
						      .bfree = 1 << 20,
						      .bavail = 1 << 20,
						      .bsize = 4096,
						      .namelen = NAME_BYTES - 1,
						      .frsize = 4096}};
	const void *body = in + 1;
	struct fuse_attr_out attributes = {0};
	struct fuse_entry_out entry;

	answer_when_due(in->opcode);
	switch (in->opcode) {
	case FUSE_INIT:
		init(in, body);
		break;
	case FUSE_LOOKUP:
		if (find(body) == 0) {
			reply(in, ENOENT, NULL, 0);
			break;
		}
		entry = entry_of(find(body));
		reply(in, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		attributes.attr = attributes_of(in->nodeid);
		reply(in, 0, &attributes, sizeof(attributes));
		break;
	case FUSE_SETATTR:
		change(in, body);
		break;
	case FUSE_CREATE:
		create(in, body);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(in, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		read_file(in, body);
		break;
	case FUSE_WRITE:
		write_file(in, body);
		break;
	case FUSE_RENAME:
		rename_file(in, (const char *)body + sizeof(struct fuse_rename_in));
		break;
	case FUSE_RENAME2:
		rename_file(in, (const char *)body + sizeof(struct fuse_rename2_in));
		break;
	case FUSE_UNLINK:
		remove_file(in, body);
		break;
	case FUSE_STATFS:
		reply(in, 0, &space, sizeof(space));
		break;
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* nobody waits for an answer */
	default:
		reply(in, ENOSYS, NULL, 0);
		break;
	}
}

static _Noreturn void
serve(void)
{
	static _Alignas(8) uint8_t buffer[FUSE_MIN_READ_BUFFER + WRITE_BYTES];

	for (;;) {
		ssize_t n = read(fuse_fd, buffer, sizeof(buffer));

		if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
			continue;
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			_exit(0); /* unmounted */
		answer((const struct fuse_in_header *)buffer);
	}
}

bool
sc_hanging_disk_mount(const char *dir)
{
	char options[96];

	shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse_fd < 0)
		return false;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fuse_fd,
	    (unsigned)getuid(), (unsigned)getgid());
	if (mount("hanging", dir, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
		return false;
	switch (fork()) {
	case -1:
		return false;
	case 0:
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
			_exit(1);
		serve();
	default:
		/* With the server's the last one goes, and all who wait with it. */
		(void)close(fuse_fd);
		return true;
	}
}

void
sc_hanging_disk_set(enum sc_hang hang)
{
	atomic_store(&shared->hang, (int)hang);
}

bool
sc_hanging_disk_hangs(void)
{
	return atomic_load(&shared->hangs);
}
