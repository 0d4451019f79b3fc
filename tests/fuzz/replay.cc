// Runs a fuzz target over the files of its corpus where there is no libFuzzer (gcc): each file once,
// then with bytes changed, dropped and doubled by a fixed rule. `replay FOLDER [VARIANTS]`.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void try_one(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// One to four small damages.
std::string damage(std::string text, std::mt19937& random) {
    for (unsigned rounds = 1 + random() % 4; rounds > 0 && !text.empty(); --rounds) {
        std::size_t at = random() % text.size(), length = 1 + random() % 8;
        switch (random() % 4) {
            case 0: text[at] = static_cast<char>(random()); break;
            case 1: text.erase(at, length); break;
            case 2: text.insert(at, text.substr(random() % text.size(), length)); break;
            default: text[at] = "'\"();:[]{}$\\-"[random() % 13]; break;
        }
    }
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: " << argv[0] << " FOLDER [VARIANTS]\n";
        return 2;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
    std::ranges::sort(files);
    int variants = argc > 2 ? std::stoi(argv[2]) : 20;
    std::mt19937 random(1);
    for (const auto& path : files) {
        std::ifstream file(path, std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        try_one(text);
        for (int i = 0; i < variants; ++i) try_one(damage(text, random));
    }
    std::cout << files.size() << " files, " << variants << " variants of each\n";
    return files.empty() ? 1 : 0;
}
