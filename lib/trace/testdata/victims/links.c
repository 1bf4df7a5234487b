// One file by many names: the record names the file.
#include "expect.h"
#include <linux/openat2.h>

static void reach(const char *name, const char *really) {
	int fd = open(name, O_RDONLY);
	must(fd >= 0, name);
	close(fd);
	expect("{\"syscall\":\"openat\",\"path\":\"%s/%s\",\"access\":\"read\",\"args\":{\"path\":\"%s\"}}", cwd, really, name);
}

static void gone(const char *name, const char *really) {
	must(open(name, O_RDONLY) < 0, name);
	expect("{\"syscall\":\"openat\",\"path\":\"%s/%s\",\"errno\":\"ENOENT\",\"args\":{\"path\":\"%s\"}}", cwd, really, name);
}

int main(void) {
	char name[8192];
	must(mkdir("real", 0700) == 0, "mkdir");
	file("real/secret");
	must(symlink("real/secret", "link") == 0 && symlink("real", "dir") == 0 && symlink("dir", "dir2") == 0, "symlink");
	must(link("real/secret", "hard") == 0, "link");
	reach("link", "real/secret");
	reach("dir/secret", "real/secret");
	reach("dir2/../real/./secret", "real/secret");
	reach("dir//secret", "real/secret");
	reach("hard", "hard");
	snprintf(name, sizeof name, "/proc/self/root%s/dir/secret", cwd);
	reach(name, "real/secret");
	reach("/proc/self/cwd/dir/secret", "real/secret");
	reach("/proc/thread-self/cwd/link", "real/secret");
	snprintf(name, sizeof name, "//%s//dir///secret", cwd);
	reach(name, "real/secret");
	int dir = open("dir", O_PATH);
	snprintf(name, sizeof name, "/dev/fd/%d/secret", dir);
	reach(name, "real/secret");
	struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT};
	must(syscall(SYS_openat2, dir, "/../secret", &how, sizeof how) >= 0, "openat2");
	expect("{\"syscall\":\"openat2\",\"path\":\"%s/real/secret\",\"args\":{\"resolve\":[\"RESOLVE_IN_ROOT\"]}}", cwd);

	gone("dir/missing", "real/missing");
	gone("/proc/self/cwd/dir2/missing", "real/missing");

	must(chmod("link", 0400) == 0, "chmod");
	expect("{\"syscall\":\"chmod\",\"path\":\"%s/real/secret\",\"access\":\"chmod\",\"args\":{\"mode\":\"0400\",\"path\":\"link\"}}", cwd);
	must(fchmodat(dir, "secret", 0600, 0) == 0, "fchmodat");
	expect("{\"syscall\":\"fchmodat\",\"path\":\"%s/real/secret\"}", cwd);
	must(rename("dir/secret", "dir/moved") == 0, "rename");
	expect("{\"syscall\":\"rename\",\"path\":\"%s/real/secret\",\"to\":\"%s/real/moved\",\"access\":\"rename\"}", cwd, cwd);
	must(unlink("dir2/moved") == 0, "unlink");
	expect("{\"syscall\":\"unlink\",\"path\":\"%s/real/moved\",\"access\":\"delete\"}", cwd);
	must(unlink("link") == 0, "unlink");
	expect("{\"syscall\":\"unlink\",\"path\":\"%s/link\"}", cwd);
	must(symlink("real/x", "dangling") == 0, "symlink");
	expect("{\"syscall\":\"symlink\",\"path\":\"%s/dangling\",\"to\":\"%s/real/x\",\"access\":\"link\"}", cwd, cwd);
	must(truncate("hard", 0) == 0, "truncate");
	expect("{\"syscall\":\"truncate\",\"path\":\"%s/hard\",\"access\":\"write\"}", cwd);
	return 0;
}
