#include "daemon/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2000 };

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

/* Priorities of syslog(3), per level. */
static const int priorities[] = {3, 4, 5, 6, 7};

/* One per process, as standard error is. */
static struct {
    const char *program;
    enum log_level level;
    int journal; /* a datagram socket, or -1 */
    struct sockaddr_un journal_at;
    bool terminal;
    uint64_t dropped;
} state = {.program = "", .level = LOG_LEVEL_INFO, .journal = -1};

static bool leads_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t dev, ino;
    struct stat st;
    return stream != NULL && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &dev, &ino) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *program, const char *journal)
{
    log_close();
    state.program = program;
    state.terminal = isatty(STDERR_FILENO) == 1;
    if (journal == NULL)
        journal = "/run/systemd/journal/socket";
    if (!leads_to_journal() || strlen(journal) >= sizeof state.journal_at.sun_path)
        return;
    state.journal_at = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(state.journal_at.sun_path, journal, strlen(journal) + 1);
    state.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void log_close(void)
{
    if (state.journal >= 0)
        close(state.journal);
    state.journal = -1;
}

void log_set_level(enum log_level level)
{
    state.level = level;
}

enum log_level log_get_level(void)
{
    return state.level;
}

bool log_level_read(const char *name, enum log_level *ret)
{
    for (int i = 0; log_level_names[i] != NULL; i++)
        if (strcmp(log_level_names[i], name) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    return false;
}

static bool send_to_journal(enum log_level level, const char *line)
{
    char message[LINE_MAX_BYTES + 200];
    int n = snprintf(message, sizeof message, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n", priorities[level],
                     state.program, line);
    if (n < 0 || (size_t)n >= sizeof message)
        return false;
    return sendto(state.journal, message, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&state.journal_at, sizeof state.journal_at) == n;
}

static int time_stamp(char *out, size_t size)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &tm) == NULL)
        return 0;
    size_t n = strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm);
    return (int)n + snprintf(out + n, size - n, ".%03ld ", now.tv_nsec / 1000000);
}

/* A pipe that polls writable takes at least PIPE_BUF bytes at once: more than any line here. */
static bool stderr_has_room(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void send_to_stderr(enum log_level level, const char *line)
{
    char text[LINE_MAX_BYTES + 200];
    int n = 0;
    if (state.terminal)
        n = time_stamp(text, sizeof text);
    n += state.terminal ? snprintf(text + n, sizeof text - (size_t)n, "%-7s %s\n", log_level_names[level], line)
                        : snprintf(text + n, sizeof text - (size_t)n, "<%d>%s\n", priorities[level], line);
    if (!stderr_has_room() || write(STDERR_FILENO, text, (size_t)n) != n)
        state.dropped++;
}

static void send_line(enum log_level level, const char *line)
{
    if (state.journal < 0 || !send_to_journal(level, line))
        send_to_stderr(level, line);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    if (level > state.level)
        return;
    int kept = errno;
    char line[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    if (state.dropped > 0 && stderr_has_room()) {
        char note[80];
        snprintf(note, sizeof note, "%" PRIu64 " lines of this log were dropped", state.dropped);
        state.dropped = 0;
        send_line(LOG_LEVEL_WARNING, note);
    }
    send_line(level, line);
    errno = kept;
}

bool log_allow(struct log_limit *l, int64_t now_ms)
{
    if (l->count == 0 || now_ms - l->window_ms >= 1000) {
        l->window_ms = now_ms;
        l->count = 0;
    }
    return l->count++ < LOG_BURST;
}
