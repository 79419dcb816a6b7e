/* Stands in for libnvidia-ml.so.1: the same calls over a state file that a test changes while they go.
 *
 * The state lies beside the library, in `<library>.state`; fake_nvml.py maps the same bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NOT_LOADED = 9 };
enum { ENERGY = 83, AVERAGE = 185, INSTANT = 186 };
enum { MAX_GPUS = 8, CLOCKS = 4, STEP_MHZ = 15, LOWEST_MHZ = 210 };

struct gpu {
    char name[64], uuid[64];
    uint64_t energy_mj, memory_total_bytes, memory_used_bytes;
    uint32_t power_mw, average_mw, architecture, mig_mode;
    uint32_t limit_mw, limit_min_mw, limit_max_mw, limit_default_mw;
    uint32_t locked_min_mhz, locked_max_mhz, memory_locked_min_mhz, memory_locked_max_mhz;
    uint32_t clock_mhz[CLOCKS], max_clock_mhz[CLOCKS];
    uint32_t busy_percent, memory_busy_percent, temperature_c;
    int32_t error, energy_error, power_error, field_error, mig_error, limit_error, set_error, parent;
};
struct state {
    int32_t init_error;
    uint32_t count, delay_us, calls, users;
    struct gpu gpus[MAX_GPUS];
};
struct field {
    uint32_t id, scope;
    int64_t timestamp, latency_us;
    int32_t type, result;
    union { double real; uint32_t whole; uint64_t large; } value;
};
struct memory { uint64_t total, free, used; };
struct utilisation { uint32_t gpu, memory; };

static struct state *state;

static int ready(void) {
    Dl_info self;
    char path[PATH_MAX];
    if (state) return state->init_error;
    if (!dladdr((void *)ready, &self)) return NOT_LOADED;
    snprintf(path, sizeof path, "%s.state", self.dli_fname);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return NOT_LOADED;
    void *bytes = mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (bytes == MAP_FAILED) return NOT_LOADED;
    state = bytes;
    return state->init_error;
}

static int asked(struct gpu *gpu, int error) {
    state->calls++;
    if (state->delay_us) usleep(state->delay_us);
    if (state->init_error) return state->init_error;
    if (!state->users) return UNINITIALIZED;
    return gpu->error ? gpu->error : error;
}

#define ANSWER(gpu, error, statement)   \
    do {                                \
        int result = asked(gpu, error); \
        if (result) return result;      \
        statement;                      \
        return SUCCESS;                 \
    } while (0)

int nvmlInitWithFlags(unsigned flags) {
    int error = ready();
    if (!error) state->users++;
    return (void)flags, error;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    if (!state || !state->users) return UNINITIALIZED;
    return state->users--, SUCCESS;
}

const char *nvmlErrorString(int error) {
    switch (error) {
        case SUCCESS: return "Success";
        case UNINITIALIZED: return "Uninitialized";
        case INVALID: return "Invalid Argument";
        case NOT_SUPPORTED: return "Not Supported";
        case 4: return "Insufficient Permissions";
        case NOT_FOUND: return "Not Found";
        case NOT_LOADED: return "Driver Not Loaded";
        case 15: return "GPU is lost";
        default: return "Unknown Error";
    }
}

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
    return snprintf(text, size, "999.99") < (int)size ? SUCCESS : TOO_SMALL;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = 0;
    while (*count < state->count && state->gpus[*count].parent < 0) ++*count;
    return state->init_error;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct gpu **gpu) {
    if (index >= state->count || state->gpus[index].parent >= 0) return INVALID;
    ANSWER(&state->gpus[index], 0, *gpu = &state->gpus[index]);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, struct gpu **gpu) {
    if (state->init_error) return state->init_error;
    for (unsigned i = 0; i < state->count; i++)
        if (!strcmp(uuid, state->gpus[i].uuid)) return *gpu = &state->gpus[i], SUCCESS;
    return NOT_FOUND;
}

int nvmlDeviceGetIndex(struct gpu *gpu, unsigned *index) {
    ANSWER(gpu, 0, *index = (unsigned)(gpu - state->gpus));
}

int nvmlDeviceGetName(struct gpu *gpu, char *text, unsigned size) {
    ANSWER(gpu, 0, snprintf(text, size, "%s", gpu->name));
}

int nvmlDeviceGetUUID(struct gpu *gpu, char *text, unsigned size) {
    ANSWER(gpu, 0, snprintf(text, size, "%s", gpu->uuid));
}

int nvmlDeviceGetArchitecture(struct gpu *gpu, unsigned *architecture) {
    ANSWER(gpu, 0, *architecture = gpu->architecture);
}

int nvmlDeviceGetMigMode(struct gpu *gpu, unsigned *now, unsigned *pending) {
    ANSWER(gpu, gpu->mig_error, *now = *pending = gpu->mig_mode);
}

int nvmlDeviceIsMigDeviceHandle(struct gpu *gpu, unsigned *instance) {
    ANSWER(gpu, 0, *instance = gpu->parent >= 0);
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(struct gpu *gpu, struct gpu **parent) {
    ANSWER(gpu, gpu->parent < 0 ? INVALID : 0, *parent = &state->gpus[gpu->parent]);
}

int nvmlDeviceGetTotalEnergyConsumption(struct gpu *gpu, unsigned long long *energy_mj) {
    ANSWER(gpu, gpu->energy_error, *energy_mj = gpu->energy_mj);
}

int nvmlDeviceGetPowerUsage(struct gpu *gpu, unsigned *power_mw) {
    ANSWER(gpu, gpu->power_error, *power_mw = gpu->average_mw);
}

int nvmlDeviceGetFieldValues(struct gpu *gpu, int count, struct field *fields) {
    int result = asked(gpu, 0);
    for (int i = 0; !result && i < count; i++) {
        struct field *field = &fields[i];
        int energy = field->id == ENERGY, power = field->id == INSTANT || field->id == AVERAGE;
        field->type = energy ? 3 : 1;
        field->result = energy ? gpu->energy_error : power ? gpu->field_error : NOT_SUPPORTED;
        if (energy) field->value.large = gpu->energy_mj;
        else field->value.whole = field->id == INSTANT ? gpu->power_mw : gpu->average_mw;
    }
    return result;
}

int nvmlDeviceGetPowerManagementLimit(struct gpu *gpu, unsigned *limit_mw) {
    ANSWER(gpu, gpu->limit_error, *limit_mw = gpu->limit_mw);
}

int nvmlDeviceGetEnforcedPowerLimit(struct gpu *gpu, unsigned *limit_mw) {
    ANSWER(gpu, gpu->limit_error, *limit_mw = gpu->limit_mw);
}

int nvmlDeviceGetPowerManagementDefaultLimit(struct gpu *gpu, unsigned *limit_mw) {
    ANSWER(gpu, gpu->limit_error, *limit_mw = gpu->limit_default_mw);
}

int nvmlDeviceGetPowerManagementLimitConstraints(struct gpu *gpu, unsigned *least, unsigned *most) {
    ANSWER(gpu, gpu->limit_error, (*least = gpu->limit_min_mw, *most = gpu->limit_max_mw));
}

int nvmlDeviceSetPowerManagementLimit(struct gpu *gpu, unsigned limit_mw) {
    int outside = limit_mw < gpu->limit_min_mw || limit_mw > gpu->limit_max_mw;
    ANSWER(gpu, gpu->set_error ? gpu->set_error : outside ? INVALID : 0, gpu->limit_mw = limit_mw);
}

int nvmlDeviceSetGpuLockedClocks(struct gpu *gpu, unsigned least_mhz, unsigned most_mhz) {
    int error = gpu->set_error ? gpu->set_error : least_mhz > most_mhz ? INVALID : 0;
    ANSWER(gpu, error, (gpu->locked_min_mhz = least_mhz, gpu->locked_max_mhz = most_mhz));
}

int nvmlDeviceResetGpuLockedClocks(struct gpu *gpu) {
    ANSWER(gpu, gpu->set_error, gpu->locked_min_mhz = gpu->locked_max_mhz = 0);
}

int nvmlDeviceSetMemoryLockedClocks(struct gpu *gpu, unsigned least_mhz, unsigned most_mhz) {
    int error = gpu->set_error ? gpu->set_error : least_mhz > most_mhz ? INVALID : 0;
    ANSWER(gpu, error,
           (gpu->memory_locked_min_mhz = least_mhz, gpu->memory_locked_max_mhz = most_mhz));
}

int nvmlDeviceResetMemoryLockedClocks(struct gpu *gpu) {
    ANSWER(gpu, gpu->set_error, gpu->memory_locked_min_mhz = gpu->memory_locked_max_mhz = 0);
}

static unsigned clock_now(const struct gpu *gpu, unsigned type) {
    unsigned mhz = gpu->clock_mhz[type], memory = type == 2;
    unsigned least = memory ? gpu->memory_locked_min_mhz : gpu->locked_min_mhz;
    unsigned most = memory ? gpu->memory_locked_max_mhz : gpu->locked_max_mhz;
    if (!most) return mhz;
    return mhz < least ? least : mhz > most ? most : mhz;
}

int nvmlDeviceGetClockInfo(struct gpu *gpu, unsigned type, unsigned *mhz) {
    ANSWER(gpu, type < CLOCKS ? 0 : INVALID, *mhz = clock_now(gpu, type));
}

int nvmlDeviceGetMaxClockInfo(struct gpu *gpu, unsigned type, unsigned *mhz) {
    ANSWER(gpu, type < CLOCKS ? 0 : INVALID, *mhz = gpu->max_clock_mhz[type]);
}

int nvmlDeviceGetSupportedMemoryClocks(struct gpu *gpu, unsigned *count, unsigned *mhz) {
    unsigned room = *count;
    *count = 1;
    ANSWER(gpu, mhz && room >= 1 ? 0 : TOO_SMALL, *mhz = gpu->max_clock_mhz[2]);
}

int nvmlDeviceGetSupportedGraphicsClocks(
    struct gpu *gpu, unsigned memory_mhz, unsigned *count, unsigned *mhz) {
    unsigned room = *count, most = gpu->max_clock_mhz[0];
    *count = most < LOWEST_MHZ ? 0 : (most - LOWEST_MHZ) / STEP_MHZ + 1;
    if (memory_mhz != gpu->max_clock_mhz[2]) return INVALID;
    if (!mhz || room < *count) return TOO_SMALL;
    for (unsigned i = 0; i < *count; i++) mhz[i] = most - i * STEP_MHZ;
    return asked(gpu, 0);
}

int nvmlDeviceGetUtilizationRates(struct gpu *gpu, struct utilisation *busy) {
    ANSWER(gpu, 0, (busy->gpu = gpu->busy_percent, busy->memory = gpu->memory_busy_percent));
}

int nvmlDeviceGetMemoryInfo(struct gpu *gpu, struct memory *memory) {
    uint64_t total = gpu->memory_total_bytes, used = gpu->memory_used_bytes;
    ANSWER(gpu, 0, *memory = ((struct memory){total, total - used, used}));
}

int nvmlDeviceGetTemperature(struct gpu *gpu, unsigned sensor, unsigned *celsius) {
    ANSWER(gpu, sensor ? NOT_SUPPORTED : 0, *celsius = gpu->temperature_c);
}
