/* Runs a fuzz target without libFuzzer, with any compiler: every file of its corpus, then mutations of them, for a few
 * seconds and always in the same order.
 *
 *     fuzz_NAME FOLDER [SECONDS [SEED]]     the corpus in FOLDER
 *     fuzz_NAME FILE                        one input, such as the one left by a crash
 *
 * What was running when the target died is left in the file crash-input of the working directory. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { MOST_FILES = 2000, LONGEST = 16 * 1024, MUTATIONS = 200000 };

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[MOST_FILES];
static size_t corpus_count;
static uint8_t current[2 * LONGEST]; /* the input that runs */
static size_t current_size;
static uint64_t state;

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void keep_current(void)
{
    int fd = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
        ssize_t n = write(fd, current, current_size);
        n += write(STDERR_FILENO, "the input is in crash-input\n", 28);
        (void)n;
        close(fd);
    }
}

static void on_signal(int number)
{
    keep_current();
    signal(number, SIG_DFL);
    raise(number);
}

static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return below == 0 ? 0 : (uint32_t)(state >> 33) % below;
}

static bool read_input(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || corpus_count == MOST_FILES)
        return false;
    struct input *in = &corpus[corpus_count++];
    in->data = malloc(LONGEST);
    HOLDS(in->data != NULL);
    in->size = fread(in->data, 1, LONGEST, f);
    fclose(f);
    return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            read_input(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

static void run(void)
{
    uint8_t *copy = malloc(current_size + 1); /* of exactly its size: the sanitizer sees what reads past it */
    uint8_t *exact = realloc(copy, current_size == 0 ? 1 : current_size);
    HOLDS(exact != NULL);
    if (current_size > 0)
        memcpy(exact, current, current_size);
    LLVMFuzzerTestOneInput(exact, current_size);
    free(exact);
}

/* Puts `n` bytes in place of the `cut` bytes at `at`. */
static void exchange(size_t at, size_t cut, const void *bytes, size_t n)
{
    uint8_t piece[256];
    n = n < sizeof piece ? n : sizeof piece;
    if (current_size - cut + n > LONGEST)
        return;
    if (n > 0)
        memcpy(piece, bytes, n); /* may be part of what moves */
    memmove(current + at + n, current + at + cut, current_size - at - cut);
    memcpy(current + at, piece, n);
    current_size = current_size - cut + n;
}

static void mutate(void)
{
    static const char *const words[] = {"(",    ")",    "|",      ")?",
                                        "...",  "...2", "<",      ">",
                                        "~",    "*",    "?",      "<number>",
                                        "'",    "\n",   "\n  - ", ": ",
                                        "{",    "}",    "[",      "]",
                                        "\"",   "\\",   "#",      "\xe2\x80\x99",
                                        "***",  "um",   " ",      "\xf0\x9f\x98\x80",
                                        "\r\n", "|\n",  "0",      "\xc2\xad"};
    size_t at = pick((uint32_t)current_size + 1), left = current_size - at;
    const struct input *other = &corpus[pick((uint32_t)corpus_count)];
    size_t from = pick((uint32_t)other->size), some = pick(64);
    const char *word = words[pick(sizeof words / sizeof *words)];
    switch (pick(6)) {
    case 0:
        if (left > 0)
            current[at] ^= (uint8_t)(1u << pick(8));
        break;
    case 1:
        exchange(at, 0, word, strlen(word));
        break;
    case 2:
        exchange(at, left < some ? left : some, NULL, 0);
        break;
    case 3:
        exchange(at, 0, current + at, left < some ? left : some);
        break;
    case 4:
        exchange(at, 0, other->data + from, other->size - from < some ? other->size - from : some);
        break;
    default:
        exchange(at, left < some ? left : some, other->data + from,
                 other->size - from < some ? other->size - from : some);
    }
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static size_t run_mutations(double seconds)
{
    double begin = cpu_seconds();
    size_t n = 0;
    for (; n < MUTATIONS && cpu_seconds() - begin < seconds; n++) {
        const struct input *in = &corpus[pick((uint32_t)corpus_count)];
        memcpy(current, in->data, in->size);
        current_size = in->size;
        for (uint32_t k = 1 + pick(5); k > 0; k--)
            mutate();
        run();
    }
    return n;
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc < 2 || stat(argv[1], &st) != 0) {
        fprintf(stderr, "usage: %s FOLDER [SECONDS [SEED]]\n       %s FILE\n", argv[0], argv[0]);
        return 2;
    }
    const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], on_signal);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(keep_current);
    if (S_ISDIR(st.st_mode))
        read_folder(argv[1]);
    else
        read_input(argv[1]);
    if (corpus_count == 0) {
        fprintf(stderr, "no input in %s\n", argv[1]);
        return 1;
    }
    state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    for (size_t i = 0; i < corpus_count; i++) {
        current_size = corpus[i].size;
        memcpy(current, corpus[i].data, current_size);
        run();
    }
    size_t mutated = S_ISDIR(st.st_mode) ? run_mutations(argc > 2 ? atof(argv[2]) : 2) : 0;
    printf("%zu inputs, %zu mutations, %.1f s of CPU\n", corpus_count, mutated, cpu_seconds());
    for (size_t i = 0; i < corpus_count; i++)
        free(corpus[i].data);
    return 0;
}
