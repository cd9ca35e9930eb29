#include "tests/support/power_cut_vfs.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <set>
#include <utility>

namespace drover::testing {

constexpr size_t kSector = 512;

struct PowerCutVfs::Content {
  bool is_synced = false;  // the file itself is on the disk
  std::string synced, now;
  std::set<size_t> unsynced;  // numbers of sectors

  void Write(size_t offset, const char* bytes, size_t size) {
    if (now.size() < offset + size) now.resize(offset + size, '\0');
    std::memcpy(now.data() + offset, bytes, size);
    for (size_t s = offset / kSector; s * kSector < offset + size; ++s) unsynced.insert(s);
  }
  void Sync() {
    synced = now;
    is_synced = true;
    unsynced.clear();
  }
};

// SQLite allocates it; `real`, of the system's size, follows it in memory.
struct PowerCutFile {
  sqlite3_file base;
  PowerCutVfs* vfs;
  std::shared_ptr<PowerCutVfs::Content>* content;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

// The functions SQLite calls.
struct PowerCutCalls {
  static PowerCutFile* File(sqlite3_file* file) { return reinterpret_cast<PowerCutFile*>(file); }
  static sqlite3_file* Real(sqlite3_file* file) { return File(file)->real(); }
  static PowerCutVfs::Content& Of(sqlite3_file* file) { return **File(file)->content; }
  static void Announce(sqlite3_file* file) {
    if (File(file)->vfs->before_change) File(file)->vfs->before_change();
  }

  static int Close(sqlite3_file* file) {
    delete File(file)->content;
    return Real(file)->pMethods->xClose(Real(file));
  }
  static int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    const std::string& now = Of(file).now;
    const auto from = std::min(static_cast<size_t>(offset), now.size());
    const auto got = std::min(static_cast<size_t>(size), now.size() - from);
    std::memcpy(to, now.data() + from, got);
    std::memset(static_cast<char*>(to) + got, 0, static_cast<size_t>(size) - got);
    return got == static_cast<size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    Announce(file);
    PowerCutVfs* const vfs = File(file)->vfs;
    if (vfs->room >= 0 && vfs->room < size) return SQLITE_FULL;
    if (vfs->room >= 0) vfs->room -= size;
    Of(file).Write(static_cast<size_t>(offset), static_cast<const char*>(from),
                   static_cast<size_t>(size));
    return SQLITE_OK;
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    Announce(file);
    PowerCutVfs::Content& content = Of(file);
    content.now.resize(static_cast<size_t>(size));
    return SQLITE_OK;
  }
  static int Sync(sqlite3_file* file, int) {
    Announce(file);
    Of(file).Sync();
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(Of(file).now.size());
    return SQLITE_OK;
  }
  static int Lock(sqlite3_file* file, int level) {
    return Real(file)->pMethods->xLock(Real(file), level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    return Real(file)->pMethods->xUnlock(Real(file), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* result) {
    return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
  }
  // None is passed on: the system's would change the real file behind our back.
  static int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int SectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
  // Nothing is promised: neither atomic writes nor writes in order.
  static int Characteristics(sqlite3_file*) { return 0; }
  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, out);
  }
  static int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
    return Real(file)->pMethods->xShmLock(Real(file), offset, n, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return Real(file)->pMethods->xShmUnmap(Real(file), remove);
  }

  static PowerCutVfs* Self(sqlite3_vfs* vfs) { return static_cast<PowerCutVfs*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    static const sqlite3_io_methods methods = {2,
                                               Close,
                                               Read,
                                               Write,
                                               Truncate,
                                               Sync,
                                               FileSize,
                                               Lock,
                                               Unlock,
                                               CheckReservedLock,
                                               FileControl,
                                               SectorSize,
                                               Characteristics,
                                               ShmMap,
                                               ShmLock,
                                               ShmBarrier,
                                               ShmUnmap,
                                               nullptr,
                                               nullptr};
    PowerCutFile* const opened = File(file);
    PowerCutVfs* const self = Self(vfs);
    file->pMethods = nullptr;
    const int result = self->real_->xOpen(self->real_, name, opened->real(), flags, out);
    if (result != SQLITE_OK) return result;
    opened->vfs = self;
    // A temporary file without a name ends with its handle.
    std::shared_ptr<PowerCutVfs::Content> content;
    if (name != nullptr) content = self->contents_[name];
    if (content == nullptr) content = std::make_shared<PowerCutVfs::Content>();
    if (name != nullptr) self->contents_[name] = content;
    opened->content = new std::shared_ptr<PowerCutVfs::Content>(std::move(content));
    file->pMethods = &methods;
    return SQLITE_OK;
  }
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync) {
    PowerCutVfs* const self = Self(vfs);
    if (self->before_change) self->before_change();
    self->contents_.erase(name);
    return self->real_->xDelete(self->real_, name, sync);
  }
};

PowerCutVfs::PowerCutVfs(const std::string& name) : name_(name) {
  real_ = sqlite3_vfs_find(nullptr);
  vfs_ = *real_;
  vfs_.szOsFile = static_cast<int>(sizeof(PowerCutFile)) + real_->szOsFile;
  vfs_.zName = name_.c_str();
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = PowerCutCalls::Open;
  vfs_.xDelete = PowerCutCalls::Delete;
  // The rest asks the system; its functions want its own object.
  vfs_.xAccess = [](sqlite3_vfs* v, const char* path, int flags, int* result) {
    sqlite3_vfs* const real = PowerCutCalls::Self(v)->real_;
    return real->xAccess(real, path, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* v, const char* path, int size, char* out) {
    sqlite3_vfs* const real = PowerCutCalls::Self(v)->real_;
    return real->xFullPathname(real, path, size, out);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

PowerCutVfs::~PowerCutVfs() { sqlite3_vfs_unregister(&vfs_); }

DiskImage PowerCutVfs::Synced() const {
  DiskImage image;
  for (const auto& [path, content] : contents_) {
    if (content->is_synced) image[path] = content->synced;
  }
  return image;
}

DiskImage PowerCutVfs::Torn(std::mt19937* random) const {
  DiskImage image;
  for (const auto& [path, content] : contents_) {
    std::string bytes = content->synced;
    bool there = content->is_synced;
    for (const size_t sector : content->unsynced) {
      const size_t at = sector * kSector;
      if (at >= content->now.size() || (*random)() % 2 == 0) continue;
      const size_t size = std::min(kSector, content->now.size() - at);
      if (bytes.size() < at + size) bytes.resize(at + size, '\0');
      bytes.replace(at, size, content->now, at, size);
      there = true;
    }
    if (there) image[path] = std::move(bytes);
  }
  return image;
}

void PowerCutVfs::Load(const DiskImage& image, const std::string& from, const std::string& to) {
  WriteImage(image, from, to);
  for (const auto& [path, bytes] : image) {
    const std::filesystem::path source(path);
    if (source.parent_path() != from) continue;
    const auto content = std::make_shared<Content>();
    content->now = bytes;
    content->Sync();
    contents_[std::filesystem::path(to) / source.filename()] = content;
  }
}

void WriteImage(const DiskImage& image, const std::string& from, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const auto& [path, bytes] : image) {
    const std::filesystem::path source(path);
    if (source.parent_path() != from) continue;
    std::ofstream(std::filesystem::path(to) / source.filename(), std::ios::binary) << bytes;
  }
}

}  // namespace drover::testing
