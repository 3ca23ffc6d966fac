using System.Text.Unicode;

namespace IlZo.Files;

/// <summary>
/// Tells by its first bytes what stands in the place of a model's file: what a clone without Git LFS or a broken download left, or a file
/// of another tool. Messages that describe a parser's trouble with it would lead astray.
/// </summary>
internal static class ForeignContent
{
    // More than any of the beginnings is long.
    private const int Looked = 256;

    /// <summary>What the bytes are and what to do, as the end of "the file is …"; null where they are nothing that is known.</summary>
    /// <param name="content">The file, or as much of its beginning as there is.</param>
    public static string? Describe(ReadOnlySpan<byte> content)
    {
        var start = content[..Math.Min(content.Length, Looked)];
        var text = start.TrimStart(" \t\r\n"u8);
        return start.IsEmpty ? "empty; the file has to be downloaded again"
            : start.StartsWith("version https://git-lfs.github.com/spec/"u8) ? "a Git LFS pointer in place of the file; 'git lfs install' "
                + "and 'git lfs pull' in the folder fetch the file itself"
            : start.StartsWith("GGUF"u8) ? "a GGUF file of llama.cpp, whose weights are mostly quantized; the safetensors checkpoint that "
                + "it was made from has to be used"
            : start.StartsWith("PK\u0003\u0004"u8) ? "a zip archive, as torch.save writes; such a file is read under the name "
                + "pytorch_model.bin"
            : start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? "compressed with gzip; it has to be unpacked"
            : start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])
                || IsWide(start) ? "text in UTF-16, as PowerShell's > writes; it has to be saved as UTF-8"
            : IsPage(text) ? "a web page or a server's message in place of the file; the file has to be downloaded again, where a login is "
                + "needed with one"
            : null;
    }

    /// <summary>Refuses bytes that are something else by its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="expected">What was expected.</param>
    /// <exception cref="InvalidInputException">They are something that is known.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> content, string expected)
    {
        if (Describe(content) is { } found)
        {
            throw new InvalidInputException($"'{path}' is {found}; {expected} was expected.");
        }
    }

    private static bool IsPage(ReadOnlySpan<byte> text) => text.StartsWith("<"u8) && Utf8.IsValid(text[..Math.Min(text.Length, 16)]);

    // UTF-16 without a mark: ASCII with a zero beside each byte.
    private static bool IsWide(ReadOnlySpan<byte> start) =>
        start.Length >= 4 && ((start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0)
            || (start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0));
}
