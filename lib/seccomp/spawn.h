#include <stdint.h>
#include <linux/filter.h>

struct spawn_limit {
	int resource;
	uint64_t soft, hard;
};

struct spawn {
	int own_session;    /* setsid(2) */
	int privileged;     /* the bounding set and securebits must be dropped; else as far as may be */
	int landlock;       /* ruleset, or -1 */
	int tell;           /* the filter tells: send its listener to socket */
	int socket;
	int report;         /* struct spawn_failure goes here; closed by a successful execve(2) */
	int limit_count;
	struct spawn_limit *limits;
	struct sock_fprog program; /* none where len is 0 */
	char *path;
	char **argv, **envp;
};

struct spawn_failure {
	int32_t step; /* index into spawnSteps */
	int32_t error;
};

/* spawn starts a process that confines itself and becomes the command: its pid, or -errno. */
int spawn(struct spawn *s);

/* spawn_open_files is the soft limit that this process was started with: Go's runtime raises it. */
uint64_t spawn_open_files(void);
