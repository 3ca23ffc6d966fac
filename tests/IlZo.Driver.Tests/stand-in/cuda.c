/*
 * A stand-in for NVIDIA's driver, libcuda.so.1, with the part of its interface that ILGPU calls. The device's memory is the host's, copies are done at once, and kernels do
 * nothing: this shows what the host's side does, above all where the driver fails. It refuses what a driver would: text without the entry that is asked for, launches beyond
 * the limits, and copies that leave the memory that was taken.
 *
 *   STAND_IN_FAIL=CALL:N:ERROR[:lost]   the N-th call of a function answers with an error; with "lost" every call after it does too
 *   STAND_IN_FAIL=kernel:N:ERROR        the N-th launch succeeds, and all that waits or comes after it fails, as when a kernel reads what is not its own
 *   STAND_IN_REFUSE=TEXT                modules that hold TEXT are refused, with a log
 *   STAND_IN_FILL=N                     the byte that new memory is filled with (63, so that its floats are 0.747)
 *   STAND_IN_COUNTS=FILE                a line "CALL N" for each function that was called, and "kept N", allocations not given back
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_PTX = 218, INVALID_HANDLE = 400, NOT_FOUND = 500 };
/* What lies behind the first megabytes of memory is a benchmark's, and neither filled nor copied. */
enum { MAX_CALLS = 64, MAX_BLOCKS = 1 << 16, SHARED_BYTES = 49152, USED_BYTES = 64 << 20 };
static const size_t TOTAL = (size_t)80 << 30;

typedef struct { const char *name; long count; } Call;
typedef struct { char *start; size_t size; } Block;
typedef struct { char *text; char entry[512]; int threads; } Module;

static Call calls[MAX_CALLS];
static Block blocks[MAX_BLOCKS];
static size_t taken;
static long block_count;
static int lost, pending;

static int failure(const char *name, long count, int is_kernel)
{
    const char *spec = getenv("STAND_IN_FAIL");
    char call[64], how[16] = "";
    long n;
    int error;
    if (!spec || sscanf(spec, "%63[^:]:%ld:%d:%15s", call, &n, &error, how) < 3 || n != count)
        return OK;
    if (is_kernel)
        return strcmp(call, "kernel") ? OK : error;
    if (strcmp(call, name))
        return OK;
    if (!strcmp(how, "lost"))
        lost = error;
    return error;
}

static int called(const char *name)
{
    int i = 0;
    while (i < MAX_CALLS - 1 && calls[i].name && strcmp(calls[i].name, name))
        i++;
    calls[i].name = name;
    calls[i].count++;
    if (lost)
        return lost;
    return failure(name, calls[i].count, 0);
}

/* Functions that a device's error does not reach use CALL, the others WORK. */
#define CALL() do { int e_ = called(__func__); if (e_) return e_; } while (0)
#define WORK() do { CALL(); if (pending) return pending; } while (0)

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("STAND_IN_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    for (int i = 0; i < MAX_CALLS && calls[i].name; i++)
        fprintf(file, "%s %ld\n", calls[i].name, calls[i].count);
    fprintf(file, "kept %ld\n", block_count);
    fclose(file);
}

static size_t used(size_t size) { return size < USED_BYTES ? size : USED_BYTES; }

static int take(void **p, size_t size)
{
    const char *fill = getenv("STAND_IN_FILL");
    if (block_count == MAX_BLOCKS || size == 0 || size > TOTAL - taken || !(*p = aligned_alloc(256, (size + 255) / 256 * 256)))
        return OUT_OF_MEMORY;
    memset(*p, fill ? atoi(fill) : 63, used(size));
    blocks[block_count++] = (Block){*p, size};
    taken += size;
    return OK;
}

static int give(void *p)
{
    for (long i = 0; i < block_count; i++)
        if (blocks[i].start == p) {
            taken -= blocks[i].size;
            blocks[i] = blocks[--block_count];
            free(p);
            return OK;
        }
    return INVALID_VALUE;
}

/* Memory that begins in a block ends in it; what begins in none is the host's. */
static int fits(const void *p, size_t size)
{
    for (long i = 0; i < block_count; i++)
        if ((char *)p >= blocks[i].start && (char *)p < blocks[i].start + blocks[i].size)
            return (char *)p + size <= blocks[i].start + blocks[i].size;
    return 1;
}

int cuInit(unsigned flags) { CALL(); return OK; }
int cuDriverGetVersion(int *version) { CALL(); *version = 13000; return OK; }
int cuDeviceGet(int *device, int i) { CALL(); *device = i; return i == 0 ? OK : 101; }
int cuDeviceGetCount(int *count) { CALL(); *count = 1; return OK; }
int cuDeviceGetName(char *name, int size, int device) { CALL(); snprintf(name, size, "Stand-in"); return OK; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { CALL(); *bytes = TOTAL; return OK; }

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    static const struct { int attribute, value; } known[] = {
        {1, 1024}, {2, 1024}, {3, 1024}, {4, 64}, {5, 2147483647}, {6, 65535}, {7, 65535}, {8, SHARED_BYTES}, {9, 65536}, {10, 32}, {11, 2147483647}, {12, 65536},
        {13, 1980000}, {16, 132}, {36, 2619000}, {37, 5120}, {38, 52428800}, {39, 2048}, {40, 3}, {75, 9}, {76, 0}, {81, 233472}, {82, 65536}, {83, 1},
    };
    CALL();
    *value = 1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].attribute == attribute)
            *value = known[i].value;
    return OK;
}

int cuCtxCreate_v2(void **context, unsigned flags, int device) { CALL(); *context = (void *)1; return OK; }
int cuCtxDestroy_v2(void *context) { CALL(); return OK; }
int cuCtxSetCurrent(void *context) { CALL(); return OK; }
int cuCtxSynchronize(void) { WORK(); return OK; }
int cuCtxGetCacheConfig(int *config) { CALL(); *config = 0; return OK; }
int cuCtxSetCacheConfig(int config) { CALL(); return OK; }
int cuCtxGetSharedMemConfig(int *config) { CALL(); *config = 0; return OK; }
int cuCtxSetSharedMemConfig(int config) { CALL(); return OK; }
int cuDeviceCanAccessPeer(int *can, int a, int b) { CALL(); *can = 0; return OK; }

int cuPointerGetAttribute(void *data, int attribute, uint64_t p) { CALL(); memset(data, 0, 8); return OK; }
int cuMemGetInfo_v2(size_t *free_bytes, size_t *total) { WORK(); *free_bytes = TOTAL - taken; *total = TOTAL; return OK; }
int cuMemAlloc_v2(void **p, size_t size) { WORK(); return take(p, size); }
int cuMemFree_v2(void *p) { WORK(); return give(p); }
int cuMemAllocHost_v2(void **p, size_t size) { WORK(); return take(p, size); }
int cuMemFreeHost(void *p) { WORK(); return give(p); }
int cuMemHostRegister_v2(void *p, size_t size, unsigned flags) { WORK(); return OK; }
int cuMemHostUnregister(void *p) { WORK(); return OK; }
int cuMemHostGetDevicePointer_v2(void **device, void *p, unsigned flags) { WORK(); *device = p; return OK; }

int cuMemcpyAsync(void *to, const void *from, size_t size, void *stream)
{
    WORK();
    if (!fits(to, size) || !fits(from, size))
        return INVALID_VALUE;
    memmove(to, from, used(size));
    return OK;
}

int cuMemsetD8Async(void *p, unsigned char value, size_t size, void *stream)
{
    WORK();
    if (!fits(p, size))
        return INVALID_VALUE;
    memset(p, value, used(size));
    return OK;
}

int cuStreamCreate(void **stream, unsigned flags) { CALL(); *stream = (void *)2; return OK; }
int cuStreamDestroy_v2(void *stream) { CALL(); return OK; }
int cuStreamSynchronize(void *stream) { WORK(); return OK; }

int cuGetErrorString(int error, const char **text)
{
    static char unnamed[32];
    static const struct { int error; const char *text; } known[] = {
        {1, "invalid argument"}, {2, "out of memory"}, {46, "CUDA-capable device(s) is/are busy or unavailable"}, {100, "no CUDA-capable device is detected"},
        {214, "uncorrectable ECC error encountered"}, {218, "a PTX JIT compilation failed"}, {222, "the provided PTX was compiled with an unsupported toolchain."},
        {500, "named symbol not found"}, {700, "an illegal memory access was encountered"}, {701, "too many resources requested for launch"},
        {719, "unspecified launch failure"}, {803, "system has unsupported display driver / cuda driver combination"}, {999, "unknown error"},
    };
    snprintf(unnamed, sizeof unnamed, "error %d", error);
    *text = unnamed;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            *text = known[i].text;
    return OK;
}

int cuModuleLoadDataEx(void **module, const char *text, unsigned count, const int *options, void **values)
{
    const char *refused = getenv("STAND_IN_REFUSE");
    const char *entry = strstr(text, ".visible .entry ");
    const char *limit = strstr(text, ".maxntid ");
    const char *target = strstr(text, ".target sm_");
    int architecture = target ? atoi(target + strlen(".target sm_")) : 0;
    Module *made = calloc(1, sizeof *made);
    WORK();
    if (!strstr(text, ".version ") || architecture < 50 || architecture > 90 || !entry || sscanf(entry, ".visible .entry %511[^(]", made->entry) != 1 || (refused && strstr(text, refused))) {
        char *log = NULL;
        size_t size = 0;
        for (unsigned i = 0; i < count; i++) {
            log = options[i] == 5 ? values[i] : log;
            size = options[i] == 6 ? (size_t)(uintptr_t)values[i] : size;
        }
        if (log && size)
            snprintf(log, size, "ptxas application ptx input, line 273; error   : Instruction 'xyz' requires .target sm_90a or higher\n"
                                "ptxas fatal   : Ptx assembly aborted due to errors\n");
        free(made);
        return INVALID_PTX;
    }
    made->threads = limit ? atoi(limit + strlen(".maxntid ")) : 1024;
    *module = made;
    return OK;
}

int cuModuleLoadData(void **module, const char *text) { CALL(); return cuModuleLoadDataEx(module, text, 0, NULL, NULL); }
int cuModuleUnload(void *module) { WORK(); return OK; }

int cuModuleGetFunction(void **function, void *module, const char *name)
{
    WORK();
    *function = module;
    return strcmp(((Module *)module)->entry, name) ? NOT_FOUND : OK;
}

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **arguments, void **extra)
{
    static long launches;
    uint64_t threads = (uint64_t)bx * by * bz;
    WORK();
    if (!gx || !gy || !gz || gx > 2147483647u || gy > 65535 || gz > 65535 || !threads || threads > (uint64_t)((Module *)function)->threads || shared > SHARED_BYTES)
        return INVALID_VALUE;
    pending = failure(NULL, ++launches, 1);
    return OK;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *count, void *function, int threads, size_t shared) { CALL(); *count = 1; return OK; }
int cuOccupancyMaxPotentialBlockSize(int *grid, int *threads, void *function, void *size, size_t shared, int limit) { CALL(); *grid = 132; *threads = 256; return OK; }
int cuEventCreate(void **event, unsigned flags) { CALL(); *event = (void *)3; return OK; }
int cuEventDestroy_v2(void *event) { CALL(); return OK; }
int cuEventQuery(void *event) { WORK(); return OK; }
int cuEventElapsedTime(float *ms, void *a, void *b) { WORK(); *ms = 1; return OK; }
int cuEventRecord(void *event, void *stream) { WORK(); return OK; }
int cuEventSynchronize(void *event) { WORK(); return OK; }
