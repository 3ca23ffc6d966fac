using System.IO.Compression;

namespace IlZo.Fuzz.Targets;

/// <summary>Archives as torch.save writes them.</summary>
public static class TorchArchive
{
    /// <summary>An archive of a pickle and the bytes of its storages, which have the names 0, 1, ….</summary>
    public static byte[] Of(
        ReadOnlySpan<byte> pickle, IReadOnlyList<byte[]> storages, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(archive, "archive/data.pkl", pickle, level);
            for (int i = 0; i < storages.Count; i++)
            {
                Add(archive, $"archive/data/{i}", storages[i], level);
            }

            Add(archive, "archive/version", "3\n"u8, level);
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive archive, string name, ReadOnlySpan<byte> content, CompressionLevel level)
    {
        using var entry = archive.CreateEntry(name, level).Open();
        entry.Write(content);
    }
}
