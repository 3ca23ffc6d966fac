using System.Text;
using System.Text.Unicode;
using IlZo.Files;

namespace IlZo.Datasets;

/// <summary>Whole files of UTF-8 text.</summary>
internal static class FileText
{
    /// <summary>The bytes of a file without a byte order mark.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public static ReadOnlyMemory<byte> ReadBytes(string path)
    {
        try
        {
            byte[] bytes = PlainFile.ReadAllBytes(path);
            return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path}: no such file; expected a file of text.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException($"{path}: cannot be read ({e.Message.TrimEnd('.')}); expected a file of text.", e);
        }
    }

    /// <summary>The text of a file, its lines ended by a line feed.</summary>
    /// <exception cref="InvalidInputException">It cannot be read or is not text in UTF-8; the message names the line.</exception>
    public static string Read(string path)
    {
        var bytes = ReadBytes(path).Span;
        int line = 1;
        for (var rest = bytes; rest.Length > 0; line++)
        {
            int end = rest.IndexOf((byte)'\n');
            var current = end < 0 ? rest : rest[..end];
            if (!Utf8.IsValid(current) || current.Contains((byte)0))
            {
                throw new InvalidInputException($"{path}:{line}: is not UTF-8 text; a file of text was expected.");
            }

            rest = end < 0 ? default : rest[(end + 1)..];
        }

        return Encoding.UTF8.GetString(bytes).ReplaceLineEndings("\n");
    }
}
