/* The file system that fails on demand. */
#include "fault_vfs.h"

#include <unistd.h>

#include <sqlite3.h>

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static struct fault_vfs faults;
static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct fault_file *)(void *)file)->real;
}

static int fault_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int fault_read(sqlite3_file *file, void *to, int count, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), to, count, at);
}

static int fault_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 at)
{
	if (faults.write_error != 0) {
		if (faults.writes_to_pass == 0)
			return faults.write_error;
		faults.writes_to_pass--;
	}
	return real_of(file)->pMethods->xWrite(real_of(file), from, count, at);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	faults.syncs++;
	faults.waiting++;
	while (faults.hold_sync)
		usleep(1000);
	faults.waiting--;
	if (faults.syncs_to_fail > 0) {
		faults.syncs_to_fail--;
		return SQLITE_IOERR_FSYNC;
	}
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_reserved(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int fault_control(sqlite3_file *file, int op, void *arg)
{
	if (op == SQLITE_FCNTL_LAST_ERRNO && faults.write_errno != 0) {
		*(int *)arg = faults.write_errno;
		return SQLITE_OK;
	}
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int fault_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int fault_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int fault_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector,
	.xDeviceCharacteristics = fault_traits,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct fault_file *own = (struct fault_file *)(void *)file;
	int rc;

	(void)vfs;
	own->real = (sqlite3_file *)(void *)(own + 1);
	rc = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
	own->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
	return rc;
}

static int fault_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	faults.slept_ms += us / 1000;
	return us;
}

struct fault_vfs *fault_vfs(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs == NULL) {
		real_vfs = sqlite3_vfs_find(NULL);
		vfs = *real_vfs;
		vfs.zName = "fault";
		vfs.pNext = NULL;
		vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
		vfs.xOpen = fault_open;
		vfs.xSleep = fault_sleep;
		sqlite3_vfs_register(&vfs, 1);
	}
	return &faults;
}

void fault_vfs_reset(void)
{
	faults.write_error = 0;
	faults.writes_to_pass = 0;
	faults.write_errno = 0;
	faults.syncs_to_fail = 0;
	faults.hold_sync = false;
	faults.syncs = 0;
	faults.slept_ms = 0;
}
