/* Waits for the program that runs a task, passes signals on to it, and decides on the exit status.
 *
 * The status is 0 only if the program has confirmed that the supervisor received a terminal message. No code of the
 * task's author runs in this process, so whatever that code does, it cannot change this rule.
 */

#include "launcher.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A program that has confirmed has END_GRACE_S seconds left: the runtime ends it after 10 s, and Airflow after 20 s. */
enum { END_GRACE_S = 15, CONFIRMATION = 15, LOOK_NS = 50000000 };

/* The program, which is a child of this process. */
struct program {
    pid_t process;
    int status; /* as waitpid returns it */
    bool has_ended, is_confirmed, is_killed;
    struct timespec deadline; /* of a program that has confirmed */
};

/* The signal by which the program confirms. Real-time signals are queued, and nothing else uses this one. */
int confirmation_signal(void) { return SIGRTMIN + CONFIRMATION; }

/* All signals, those included that musl's sigfillset leaves out: the first real-time signal of glibc is one of them. */
static void add_all_signals(sigset_t *signals) { memset(signals, 0xff, sizeof *signals); }

/* Hold back all signals, so that those that arrive before the program runs are passed on to it. */
void hold_signals(struct signals *before) {
    sigset_t all;
    add_all_signals(&all);
    sigprocmask(SIG_BLOCK, &all, &before->mask);
    /* If it is ignored, the kernel forgets the status of a child. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &before->end_of_child);
}

void restore_signals(const struct signals *before) {
    sigaction(SIGCHLD, &before->end_of_child, NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* Collect the children that have ended. As a subreaper, this process also gets those whose parents have ended. */
static void reap(struct program *program) {
    int status;
    for (pid_t process; (process = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (process == program->process) {
            program->has_ended = true;
            program->status = status;
        }
    }
}

/* Let a signal do to this process what it does by default. */
static void let_through(int number) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Pass a signal on to the program, with its value if it has one. */
static void pass_on(const struct program *program, int number, const siginfo_t *info) {
    if (info->si_code == SI_QUEUE) {
        sigqueue(program->process, number, info->si_value);
    } else {
        kill(program->process, number);
    }
    if (number == SIGTSTP) {
        let_through(number); /* the shell that waits for this process has to see that it stopped */
    }
}

/* A confirmation counts if the program itself sent it. If the user has too many signals in the queue, the kernel does
 * not say who sent it. */
static void confirm(struct program *program, const siginfo_t *info) {
    if (!program->is_confirmed && (info->si_pid == program->process || info->si_pid == 0)) {
        program->is_confirmed = true;
        clock_gettime(CLOCK_MONOTONIC, &program->deadline);
        program->deadline.tv_sec += END_GRACE_S;
        close_sockets();
        release_streams(3);
    }
}

/* Wait for a signal, and kill the program at its deadline. Returns the signal's number, or 0 or less. */
static int next_signal(struct program *program, const sigset_t *signals, siginfo_t *info) {
    if (!program->is_confirmed && !close_found_sockets()) {
        return sigtimedwait(signals, info, &(struct timespec){.tv_nsec = LOOK_NS});
    }
    if (!program->is_confirmed || program->is_killed) {
        return sigwaitinfo(signals, info);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec >= program->deadline.tv_sec) {
        program->is_killed = true;
        kill(program->process, SIGKILL);
        return 0;
    }
    return sigtimedwait(signals, info, &(struct timespec){.tv_sec = program->deadline.tv_sec - now.tv_sec});
}

static void handle_signals(struct program *program) {
    sigset_t signals, confirmations;
    siginfo_t info;
    add_all_signals(&signals);
    while (!program->has_ended) {
        int number = next_signal(program, &signals, &info);
        if (number == SIGCHLD) {
            reap(program);
        } else if (number == confirmation_signal()) {
            confirm(program, &info);
        } else if (number > 0) {
            pass_on(program, number, &info);
        }
    }
    /* A confirmation may still be in the queue, because signals with lower numbers come first. */
    sigemptyset(&confirmations);
    sigaddset(&confirmations, confirmation_signal());
    while (sigtimedwait(&confirmations, &info, &(struct timespec){.tv_sec = 0}) > 0) {
        confirm(program, &info);
    }
}

/* End by the signal that ended the program, without a core dump of this process. */
static int end_by(int number) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0);
    signal(number, SIG_DFL);
    let_through(number);
    return 128 + number; /* the kernel does not let a signal end the first process of a container */
}

/* Wait until the program has ended. Returns the exit status of this process. */
int wait_for_program(const struct bundle *bundle, pid_t process) {
    struct program program = {.process = process};
    release_streams(2); /* nobody who waits for the end of a stream has to wait for this process */
    handle_signals(&program);
    if (program.is_confirmed) {
        return EXIT_SUCCESS;
    }
    if (WIFSIGNALED(program.status)) {
        return end_by(WTERMSIG(program.status));
    }
    if (WEXITSTATUS(program.status) != EXIT_SUCCESS) {
        return WEXITSTATUS(program.status);
    }
    say(bundle,
        "the task's process ended with status 0, but the supervisor received no terminal message: the status is "
        "1 instead");
    return EXIT_FAILURE;
}
