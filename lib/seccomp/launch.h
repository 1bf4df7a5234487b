#include <linux/filter.h>

struct launch {
	int stdio[3];  /* what become descriptors 0, 1, 2 */
	int gate;      /* one byte here lets the child go on; its end ends the child */
	int gate_other; /* the other end of that pipe, which the child must not hold */
	int tell;      /* the filter tells: report its listener's number, four bytes, before the gate */
	int report;    /* an errno goes here where execve(2) fails; closed by one that succeeds */
	struct sock_fprog program;
	char *path;
	char **argv, **envp;
};

/* launch starts a child that waits at its gate, puts the program in force and becomes the command:
 * its pid, or -errno. */
int launch(const struct launch *l);
