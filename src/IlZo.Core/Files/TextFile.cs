using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace IlZo.Files;

/// <summary>
/// Files of text as UTF-8: what ends in .gz is decompressed, and UTF-16 with a byte order mark, as PowerShell and Excel write it, is
/// converted.
/// </summary>
internal static class TextFile
{
    /// <summary>The ending of a compressed file, behind that of its content.</summary>
    public const string CompressedExtension = ".gz";

    /// <summary>The ending of a file of plain text.</summary>
    public const string TextExtension = ".txt";

    private const string FileOfText = "a file of text";

    /// <summary>Whether a path is that of a plain text.</summary>
    public static bool IsText(string path) => ContentExtension(path).Equals(TextExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>The ending of a file, or of what is compressed in it.</summary>
    public static string ContentExtension(string path) => Path.GetExtension(ContentPath(path)).ToLowerInvariant();

    /// <summary>The path of a file, or what it would be without compression.</summary>
    public static string ContentPath(string path) => IsCompressed(path) ? path[..^CompressedExtension.Length] : path;

    /// <summary>Opens a file. A byte order mark of UTF-8 is left in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What messages say was expected.</param>
    /// <exception cref="InvalidInputException">It cannot be opened, or is text of an encoding that is not read.</exception>
    public static Stream Open(string path, string expected = FileOfText) => Guarded(path, expected, () =>
    {
        var file = PlainFile.OpenRead(path, bufferSize: 1 << 16);
        try
        {
            return Utf8Stream(path, IsCompressed(path) ? new GZipStream(file, CompressionMode.Decompress) : file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }, "opened");

    /// <summary>The bytes of a file in UTF-8, without a byte order mark.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public static ReadOnlyMemory<byte> ReadBytes(string path) => Guarded(path, FileOfText, () =>
    {
        using var stream = Open(path);
        byte[] bytes = Whole(path, stream);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
    });

    /// <summary>The text of a file; CR LF counts as LF, and all else is as it stands there.</summary>
    /// <exception cref="InvalidInputException">It cannot be read or is not text in UTF-8; the message names the line.</exception>
    public static string Read(string path)
    {
        var bytes = ReadBytes(path);
        RequireText(path, bytes.Span);
        return Encoding.UTF8.GetString(bytes.Span).Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    /// <summary>Refuses bytes that are not text in UTF-8.</summary>
    /// <exception cref="InvalidInputException">They are not; the message names the line.</exception>
    public static void RequireText(string path, ReadOnlySpan<byte> bytes)
    {
        int line = 1;
        for (var rest = bytes; rest.Length > 0; line++)
        {
            int end = rest.IndexOf((byte)'\n');
            var current = end < 0 ? rest : rest[..end];
            if (!Utf8.IsValid(current) || current.Contains((byte)0))
            {
                throw new InvalidInputException(
                    $"{path}:{line}: is not UTF-8 text; a file of text in UTF-8, or in UTF-16 with a byte order mark, was expected.");
            }

            rest = end < 0 ? default : rest[(end + 1)..];
        }
    }

    private static bool IsCompressed(string path) => path.EndsWith(CompressedExtension, StringComparison.OrdinalIgnoreCase);

    // UTF-16 is converted as a whole: such files come from desktop programs and are small.
    private static Stream Utf8Stream(string path, Stream stream)
    {
        byte[] start = new byte[4];
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (start.AsSpan(0, length) is [0xFF, 0xFE, 0, 0] or [0, 0, 0xFE, 0xFF])
        {
            throw new InvalidInputException($"{path}: is text in UTF-32; UTF-8 was expected, as iconv -f UTF-32 -t UTF-8 makes of it.");
        }

        var whole = new PrefixedStream(start.AsMemory(0, length), stream);
        if (start.AsSpan(0, length) is not ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]))
        {
            return whole;
        }

        using (whole)
        {
            var encoding = new UnicodeEncoding(bigEndian: start[0] == 0xFE, byteOrderMark: false, throwOnInvalidBytes: true);
            try
            {
                return new MemoryStream(Encoding.UTF8.GetBytes(encoding.GetString(Whole(path, whole).AsSpan(2))), writable: false);
            }
            catch (DecoderFallbackException e)
            {
                throw new InvalidInputException($"{path}: begins with the byte order mark of UTF-16 and contains an invalid character; "
                    + "text in UTF-8 or UTF-16 was expected.", e);
            }
        }
    }

    private static byte[] Whole(string path, Stream stream)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (content.Length + read > Array.MaxLength)
            {
                throw new InvalidInputException($"{path}: has more than {Array.MaxLength} bytes, which are read at once; JSON lines "
                    + "(.jsonl), which may have any size, were expected.");
            }

            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private static T Guarded<T>(string path, string expected, Func<T> work, string verb = "read")
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path}: no such file; expected {expected}.", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidInputException(
                $"{path}: is not a gzip file, or is truncated ({e.Message.TrimEnd('.')}); a complete file was expected.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException($"{path}: cannot be {verb} ({e.Message.TrimEnd('.')}); expected {expected}.", e);
        }
    }
}
