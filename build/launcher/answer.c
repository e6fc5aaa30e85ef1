/* Answers a Dag processor, which asks a bundle file for its Dags and its task handlers whenever it parses. The answer
 * is a file of the payload, so nothing is unpacked and no program is started.
 *
 * The environment only hints at a Dag processor. If the first frame is something else, the program is started, and gets
 * the connected sockets, from which nothing has been read.
 */

#include "launcher.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEADER_BYTES = 4, MAX_FRAME_BYTES = 1 << 16, FIRST_FRAME_MS = 30000, REPLY_MS = 30000, WRITE_S = 30 };

/* What a Dag processor sets as the address of the database for the processes that parse files. */
static const char NO_DATABASE[] = "airflow-db-not-allowed";
static const char ANSWERS[] = "_internal/dag-processor-answers";

static uint32_t read_length(const uint8_t *frame) {
    uint32_t length;
    memcpy(&length, frame, sizeof length);
    return be32toh(length);
}

/* Look at the first frame without taking it. Returns its length with the header; 0 if it is too long or not whole. */
static size_t peek_frame(int comm, uint8_t *frame) {
    int64_t deadline = now_ms() + FIRST_FRAME_MS;
    int needed = HEADER_BYTES, one = 1;
    size_t found = 0;
    for (;;) {
        struct pollfd poller = {.fd = comm, .events = POLLIN | POLLRDHUP};
        int64_t left = deadline - now_ms();
        setsockopt(comm, SOL_SOCKET, SO_RCVLOWAT, &needed, sizeof needed);
        if (left <= 0 || poll(&poller, 1, (int)left) <= 0) {
            break;
        }
        ssize_t count = recv(comm, frame, MAX_FRAME_BYTES, MSG_PEEK | MSG_DONTWAIT);
        if (count >= HEADER_BYTES && read_length(frame) <= MAX_FRAME_BYTES - HEADER_BYTES) {
            needed = (int)read_length(frame) + HEADER_BYTES;
        }
        if (count >= needed && needed > HEADER_BYTES) {
            found = (size_t)needed;
            break;
        }
        if (count <= 0 || count > HEADER_BYTES + (ssize_t)read_length(frame) || poller.revents & ~POLLIN ||
            (count >= HEADER_BYTES && needed == HEADER_BYTES)) {
            break;
        }
    }
    setsockopt(comm, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    return found;
}

/* The content of the file with the answers, in a new block; nothing if the file is missing or damaged. */
static struct bytes read_answers(const struct bundle *bundle) {
    for (uint32_t i = 0; i < bundle->count; i++) {
        const struct file *file = &bundle->files[i];
        if (strcmp(file->path, ANSWERS) != 0 || file->is_link) {
            continue;
        }
        uint8_t content_digest[DIGEST_BYTES], *content = malloc(file->size + 1);
        if (content == NULL) {
            break;
        }
        bool is_whole = file->stored_size == file->size;
        if (is_whole) {
            memcpy(content, file->stored, file->size);
        } else {
            is_whole = decode(file->stored, file->stored_size, content, file->size);
        }
        if (is_whole) {
            digest(content, file->size, content_digest);
            if (memcmp(content_digest, file->digest, DIGEST_BYTES) == 0) {
                return (struct bytes){content, file->size};
            }
        }
        free(content);
        break;
    }
    return (struct bytes){NULL, 0};
}

static bool send_all(int comm, const uint8_t *at, size_t size) {
    struct timeval timeout = {.tv_sec = WRITE_S};
    setsockopt(comm, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    while (size > 0) {
        ssize_t count = send(comm, at, size, MSG_NOSIGNAL);
        if (count <= 0) {
            return false;
        }
        at += count;
        size -= (size_t)count;
    }
    return true;
}

/* Wait until the supervisor confirms the answer. */
static bool is_confirmed(int comm) {
    struct pollfd poller = {.fd = comm, .events = POLLIN};
    char reply[64]; /* the whole reply: bytes that are left would reset the connection at its end */
    return poll(&poller, 1, REPLY_MS) > 0 && recv(comm, reply, sizeof reply, 0) > 0;
}

/* Answer a Dag processor and end. Returns if it is not one, or if the file has no answers. */
void answer_dag_processor(const struct bundle *bundle) {
    static uint8_t frame[MAX_FRAME_BYTES];
    const char *database = getenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN");
    int comm = comm_socket();
    if (comm < 0 || database == NULL || strncmp(database, NO_DATABASE, sizeof NO_DATABASE - 1) != 0) {
        return;
    }
    struct bytes answers = read_answers(bundle);
    if (answers.start == NULL) {
        return;
    }
    struct dag_request request;
    uint8_t *answer = NULL;
    size_t answer_size, size = peek_frame(comm, frame);
    if (size > HEADER_BYTES && parse_request(frame + HEADER_BYTES, size - HEADER_BYTES, &request)) {
        answer = make_answer(&answers, &request, &answer_size);
    }
    free((void *)answers.start);
    if (answer != NULL) {
        static uint8_t taken[MAX_FRAME_BYTES];
        bool is_answered = recv(comm, taken, size, MSG_WAITALL) == (ssize_t)size &&
                           send_all(comm, answer, answer_size) && is_confirmed(comm);
        free(answer);
        if (!is_answered) {
            say(bundle, "the Dag processor did not take the answer: it closed the connection, or did nothing for 30 s");
        }
        exit(is_answered ? EXIT_SUCCESS : EXIT_FAILURE);
    }
}
