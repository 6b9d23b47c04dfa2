//===- Folder.h - Files for tests -------------------------------*- C++ -*-===//
//
// A temporary folder, IDX files in it, and programs run beside it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Random.h"
#include "runtime/files/Bytes.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <png.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
#include <zlib.h>

namespace nacre::runtime::test {

inline std::string read(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(const std::filesystem::path &path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), text.size());
}

/// A gzip file with one member.
inline std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int gzipFormat = 15 + 16;
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzipFormat, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef *>(result.data());
  stream.avail_out = result.size();
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// The IDX file of an array of bytes.
inline std::string idx(const std::vector<uint32_t> &shape, std::string_view elements) {
  std::string file = {0, 0, 8, static_cast<char>(shape.size())};
  for (uint32_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8)
      file += static_cast<char>(size >> shift);
  return file + std::string(elements);
}

/// The PNG file of a grey image.
inline std::string png(uint32_t height, uint32_t width, std::string_view pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width, image.height = height;
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string file(bytes, '\0');
  png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, nullptr);
  file.resize(bytes);
  return file;
}

struct Outcome {
  int status; ///< exit status, or 128 + signal
  std::string text;
};

/// A process that has been started; its output goes to a file.
struct Running {
  pid_t pid;
  std::filesystem::path output;

  Outcome wait() const {
    int status = 0;
    waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(output)};
  }
};

/// A temporary folder with the data set of the model in FakeModel.cpp, in `data`.
class Folder : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nacre-test-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directory(folder / "data");
    writeTrainingData(100);
    auto [evalImages, evalLabels] = digits(21, 2);
    write(folder / "data/eval-images", evalImages);
    write(folder / "data/eval-labels.gz", gzip(evalLabels));
  }

  void TearDown() override {
    std::error_code ignored;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(folder, ignored);
  }

  void writeTrainingData(uint32_t samples) {
    auto [images, labels] = digits(samples, 1);
    write(folder / "data/train-images.gz", gzip(images));
    write(folder / "data/train-labels", labels);
  }

  /// Starts a fake model in the folder; `prepare` runs in the child.
  Running start(const std::string &binary, std::vector<std::string> arguments, std::function<void()> prepare = {}) {
    std::filesystem::path output = folder / ("output-" + std::to_string(++outputs));
    pid_t pid = fork();
    if (pid == 0) {
      if (!freopen(output.c_str(), "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0 || chdir(folder.c_str()) != 0)
        _exit(99);
      if (prepare)
        prepare();
      std::string path = std::string(FAKE_MODELS) + "/" + binary;
      std::vector<char *> argv = {path.data()};
      for (std::string &argument : arguments)
        argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(path.c_str(), argv.data());
      _exit(99);
    }
    return {pid, output};
  }

  Outcome run(const std::string &binary, std::vector<std::string> arguments, std::function<void()> prepare = {}) {
    return start(binary, std::move(arguments), std::move(prepare)).wait();
  }

  Outcome train(std::vector<std::string> arguments, std::function<void()> prepare = {}) {
    arguments.insert(arguments.begin(), {"train", "--data", "data"});
    return run("NacreFakeModel", std::move(arguments), std::move(prepare));
  }

  std::filesystem::path folder;

private:
  /// Images of stripes with their labels.
  static std::pair<std::string, std::string> digits(uint32_t count, uint64_t seed) {
    KeyedRandom random(seed);
    std::string images, labels;
    for (uint32_t i = 0; i < count; ++i) {
      labels += static_cast<char>(random.below(3));
      for (int pixel = 0; pixel < 16; ++pixel)
        images += static_cast<char>(random.below(100) + (pixel / 4 == labels.back() ? 150 : 0));
    }
    return {idx({count, 4, 4}, images), idx({count}, labels)};
  }

  int outputs = 0;
};

} // namespace nacre::runtime::test
