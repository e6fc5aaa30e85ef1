/* The launcher of a bundle file. It finds the payload that follows it in the file, makes sure that the payload is
 * unpacked on this host, and starts the unpacked program. It writes nothing when everything is already in place. If the
 * program runs a task for a supervisor, the launcher waits for its end and decides on the exit status.
 *
 *   main.c     the order of the steps
 *   message.c  lines on stderr, and the reasons in them
 *   bundle.c   reads the bundle file: trailer, payload footer, index
 *   host.c     checks that this host has the C library that the program needs
 *   places.c   lists the cache folders in which a store may be
 *   store.c    opens a store and locks its entries
 *   entry.c    prepares an entry: finds it intact, unpacks it or repairs it
 *   unpack.c   writes the files of the payload into an entry
 *   prune.c    removes entries that are no longer used
 *   request.c  reads the first frame of a Dag processor
 *   connect.c  connects to the supervisor
 *   answer.c   answers a Dag processor
 *   template.c makes the answer from its template
 *   digest.c   BLAKE2b
 *   decode.c   LZ4 blocks
 *   clock.c    times that no change of the host's clock affects
 *   process.c  the open files, signals and environment that the program gets
 *   program.c  starts the unpacked program
 *   wait.c     waits for the program that runs a task, and decides on the exit status
 *   proc.c     reads what /proc says about a process
 *   watch.c    ends the processes that a task started, after the bundle's process has ended
 */

#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <endian.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum { DIGEST_BYTES = 32, ID_BYTES = 2 * DIGEST_BYTES + 1, REASON_BYTES = 512, MAX_PLACES = 8, EXIT_CANNOT_RUN = 126 };

/* The modification time of every unpacked file, in seconds since 1970. A file with another time was changed. */
#define FILE_TIME 315532800

/* The result of every step that can fail. Unless it is OK, the step has set a reason. */
enum result {
    OK,
    FAILED,     /* this store, or this file, cannot be used */
    UNSAFE,     /* this store cannot be used, because another user could change it */
    UNSUPPORTED /* this host cannot run the program, whatever the store */
};

/* Why a step failed, in words for the person who reads the log. */
struct reason {
    char text[REASON_BYTES];
};

struct file {
    const char *path;
    bool is_program, is_link;
    uint64_t size, stored_size;
    const uint8_t *stored;
    uint8_t digest[DIGEST_BYTES];
};

struct bundle {
    char id[ID_BYTES]; /* the digest of the index */
    const char *name, *program, *cache_dir, *loader, *libc_version;
    struct file *files;
    uint32_t count;
};

/* A cache folder, and the result of trying it. */
struct place {
    char path[PATH_MAX];
    bool is_chosen; /* by a person, who wants to know when it is not used */
    enum result result;
    struct reason reason;
};

struct places {
    struct place items[MAX_PLACES];
    int count;
};

/* An open store: descriptors of its folders. `objects` and `partial` are -1 if it is not writable. */
struct store {
    char path[PATH_MAX];
    int root, entries, objects, partial;
    bool is_writable;
    bool is_shared; /* all users may read it */
};

/* Bytes inside a block that something else owns. */
struct bytes {
    const uint8_t *start;
    size_t size;
};

/* What a Dag processor asks. */
struct dag_request {
    struct bytes type, file, bundle_path;
};

/* What this process does with signals, before it starts to hold them back. */
struct signals {
    sigset_t mask;
    struct sigaction end_of_child;
};

static inline uint64_t read_u64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

/* message.c */
__attribute__((format(printf, 2, 3))) void say(const struct bundle *bundle, const char *format, ...);
__attribute__((format(printf, 2, 3))) void set_reason(struct reason *reason, const char *format, ...);

/* bundle.c */
enum result read_bundle(struct bundle *bundle, struct reason *reason);
enum result parse_bundle(struct bundle *bundle, const uint8_t *data, size_t size, struct reason *reason);

/* host.c */
extern const char *const LIBRARY_FOLDERS[]; /* of the host; the last one is NULL */
enum result check_host(const struct bundle *bundle, struct reason *reason);
int read_libc_version(const char *path);
int parse_version(const char *text, const char *end);

/* places.c */
bool is_utf8(const char *text);
void find_places(struct places *places, const struct bundle *bundle);

/* store.c */
enum result open_store(struct store *store, const struct place *place, struct reason *reason);
void close_store(const struct store *store);
enum result check_owner(int descriptor, struct reason *reason);
mode_t folder_mode(const struct store *store);
enum result lock_entry(const struct store *store, const char *id, const char *suffix, int operation, int timeout_s,
                       int *lock, struct reason *reason);
int open_folder(int parent, const char *name, int flags);
int remove_tree(int parent, const char *name);

/* entry.c */
enum result prepare_entry(const struct store *store, const struct bundle *bundle, int *lock, struct reason *reason);

/* unpack.c */
bool is_intact(int folder, const struct bundle *bundle);
enum result unpack(const struct store *store, const struct bundle *bundle, int folder, struct reason *reason);

/* prune.c */
void prune(const struct store *store, const char *current_id);
uint64_t sweep_objects(const struct store *store);

/* request.c */
bool is_text(const struct bytes *bytes, const char *text);
bool parse_request(const uint8_t *payload, size_t size, struct dag_request *request);

/* connect.c */
void connect_sockets(char **argv);
int comm_socket(void);
void close_sockets(void);
void close_files(int first);
bool close_found_sockets(void);
void wait_for_supervisor(void);

/* answer.c */
void answer_dag_processor(const struct bundle *bundle);

/* template.c */
uint8_t *make_answer(const struct bytes *answers, const struct dag_request *request, size_t *size);

/* digest.c */
void digest(const uint8_t *data, size_t length, uint8_t out[DIGEST_BYTES]);
void to_hex(const uint8_t *data, size_t length, char *out);

/* decode.c */
bool decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

/* clock.c */
int64_t now_ms(void);
void sleep_ms(int64_t milliseconds);

/* proc.c */
struct process_state {
    pid_t group;
    unsigned long long start_time;
};
bool parse_process(char *content, struct process_state *state);
bool read_process(const char *process, struct process_state *state);
bool has_mark(const char *process, char *const *marks, bool *is_known);

/* process.c */
void open_standard_streams(void);
void close_range_of_files(int first, int last);
void release_streams(int end);
void ignore_signals_of_writes(void);
void restore_signals_of_writes(void);
void set_library_path(const char *program);

/* program.c */
bool is_supervised(int argc, char **argv);
enum result start_program(const struct bundle *bundle, const struct store *store, int lock, bool is_task, char **argv,
                          struct reason *reason);

/* wait.c */
int confirmation_signal(void);
void hold_signals(struct signals *before);
void restore_signals(const struct signals *before);
int wait_for_program(const struct bundle *bundle, pid_t process);

/* watch.c */
int watch(pid_t process, char *const *marks);

#endif
