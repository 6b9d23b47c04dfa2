//===- ImageFolder.cpp - Folders of image files ---------------------------===//
//
// Files are in the order of their paths, so that the number of a sample does not
// depend on the file system.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/ImageFolder.h"

#include "runtime/core/Error.h"
#include "runtime/data/ImageOps.h"
#include "runtime/data/Resize.h"
#include "runtime/files/Image.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

namespace nacre::runtime {

namespace {

namespace fs = std::filesystem;

void toPlanes(const Image &image, int64_t channels, Item &item) {
  int64_t plane = image.height * image.width;
  item.shape = {channels, image.height, image.width};
  item.bytes.resize(channels * plane);
  const uint8_t *pixels = image.pixels.data.get();
  for (int64_t i = 0; i < plane; ++i, pixels += 3)
    for (int64_t c = 0; c < channels; ++c)
      item.bytes[c * plane + i] = static_cast<char>(channels == 1 ? grey(pixels[0], pixels[1], pixels[2]) : pixels[c]);
}

bool isHidden(const fs::path &path) { return path.filename().string().starts_with('.'); }

bool isImageFile(const fs::directory_entry &entry) {
  std::string extension = entry.path().extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return tolower(c); });
  return (extension == ".jpg" || extension == ".jpeg" || extension == ".png") && entry.is_regular_file() &&
         !isHidden(entry.path());
}

/// The folders of the classes, by name.
std::vector<fs::path> classFolders(const std::string &folder) {
  std::vector<fs::path> result;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder))
    if (entry.is_directory() && !isHidden(entry.path()))
      result.push_back(entry.path());
  std::sort(result.begin(), result.end());
  if (result.empty())
    userError("{} has no folders: there must be one for each class, with its JPEG and PNG files in it", folder);
  return result;
}

/// The images of a class; they may lie in folders of its folder.
std::vector<std::string> imagesOf(const fs::path &folder) {
  std::vector<std::string> result;
  for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder))
    if (isImageFile(entry))
      result.push_back(entry.path().string());
  std::sort(result.begin(), result.end());
  if (result.empty())
    userError("{} has no JPEG or PNG files (.jpg, .jpeg, .png): remove the folder if it is no class", folder.string());
  return result;
}

/// Calls `work` for 0..count-1 on the threads of `opening`. Of several errors that of the least number is thrown, as if
/// there were one thread.
template <class Work> void inParallel(int64_t count, Opening &opening, Work &&work) {
  std::atomic<int64_t> next{0}, failed{count};
  std::mutex mutex;
  std::exception_ptr failure;
  auto run = [&] {
    for (int64_t index; !opening.cancelled && (index = next++) < failed; ++opening.done) {
      try {
        work(index);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (index < failed)
          failed = index, failure = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < opening.threads; ++i)
    threads.emplace_back(run);
  threads.clear();
  if (failure)
    std::rethrow_exception(failure);
}

class ImageFolder final : public Source {
public:
  ImageFolder(const std::string &folder, int64_t size, const std::vector<Field> &fields)
      : scaled(size), fields(fields) {
    std::vector<fs::path> folders = classFolders(folder);
    for (size_t number = 0; number < folders.size(); ++number) {
      for (std::string &path : imagesOf(folders[number]))
        files.push_back({std::move(path), static_cast<int32_t>(number)});
    }
    checkFields(folder, static_cast<int64_t>(folders.size()));
  }

  /// Decodes all images if there is room for them.
  void fillMemory(Opening &opening) {
    if (expectedBytes() > static_cast<double>(opening.memory))
      return;
    decoded.resize(files.size());
    opening.total = size();
    inParallel(size(), opening, [&](int64_t index) { decode(index, decoded[index]); });
    if (opening.cancelled)
      userError("the data set is not wanted any more");
  }

  int64_t size() const override { return static_cast<int64_t>(files.size()); }
  std::string name(int64_t index) const override { return files[index].path; }
  const std::vector<int64_t> *shape(int64_t index) const override {
    return decoded.empty() ? nullptr : &decoded[index].shape;
  }

  void read(int64_t index, Sample &sample) const override {
    if (decoded.empty())
      decode(index, sample[0]);
    else
      sample[0] = decoded[index];
    if (fields.size() < 2)
      return;
    sample[1].shape = {};
    auto first = reinterpret_cast<const char *>(&files[index].label);
    sample[1].bytes.assign(first, first + sizeof(files[index].label));
  }

private:
  struct File {
    std::string path;
    int32_t label;
  };

  void checkFields(const std::string &folder, int64_t classes) const {
    const Field &image = fields[0];
    if (fields.size() > 2)
      userError("images gives images and labels, the data set has {} fields", fields.size());
    if (image.dtype != DType::U8 || image.shape.size() != 3 || (image.shape[0] != 1 && image.shape[0] != 3))
      userError("images gives u8 images [C, H, W] with 1 or 3 channels; the field {} is {}{}", image.name,
                dtypeName(image.dtype), shapeText(image.shape));
    if (fields.size() < 2)
      return;
    const Field &label = fields[1];
    if (!label.shape.empty() || label.dtype != DType::I32)
      userError("images gives the number of the class as an int[]; the field {} is {}{}", label.name,
                dtypeName(label.dtype), shapeText(label.shape));
    // With a class missing, all after it would have other numbers than in the other folder.
    if (label.range && *label.range != std::pair<int64_t, int64_t>(0, classes - 1))
      userError("{} has folders for {} classes, the data set declares {} in {}..{}", folder, classes, label.name,
                label.range->first, label.range->second);
  }

  void decode(int64_t index, Item &item) const {
    const std::string &path = files[index].path;
    toPlanes(decodeImage(readFile(path).view(), path), fields[0].shape[0], item);
    int64_t height = item.shape[1], width = item.shape[2], shorter = std::min(height, width);
    if (scaled > 0 && scaled != shorter)
      resize(item, scaled * height / shorter, scaled * width / shorter);
  }

  /// Of all images, decoded, by some of them.
  double expectedBytes() const {
    constexpr int64_t looks = 64;
    int64_t count = std::min(looks, size());
    double bytes = 0;
    Item item;
    for (int64_t i = 0; i < count; ++i) {
      decode(i * size() / count, item);
      bytes += static_cast<double>(item.bytes.size());
    }
    return bytes / static_cast<double>(count) * static_cast<double>(size());
  }

  int64_t scaled;
  std::vector<Field> fields;
  std::vector<File> files;
  std::vector<Item> decoded; ///< empty if there is no room
};

} // namespace

std::unique_ptr<Source> openImages(const std::string &folder, int64_t size, const std::vector<Field> &fields,
                                   Opening &opening) {
  try {
    auto source = std::make_unique<ImageFolder>(folder, size, fields);
    source->fillMemory(opening);
    return source;
  } catch (const fs::filesystem_error &error) {
    userError("cannot read {}: {}", error.path1().string(), error.code().message());
  }
}

} // namespace nacre::runtime
