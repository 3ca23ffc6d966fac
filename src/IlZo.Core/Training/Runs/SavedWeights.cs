using System.Text;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>
/// What a folder of saved weights, a checkpoint or an adapter, comes down to: the SHA-256 of its weight files and of what its configuration
/// says, but for the path of the model it was made from. The tokenizer's files and others do not count.
/// </summary>
internal static class SavedWeights
{
    private const int PieceBytes = 1 << 20;

    // Fields that say where the weights came from, and nothing about them.
    private static readonly string[] s_origins = ["_name_or_path", "base_model_name_or_path"];

    /// <summary>The SHA-256, in lower-case hexadecimal digits.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="InvalidInputException">The folder or a configuration in it cannot be read.</exception>
    public static string Sha256(string folder)
    {
        var hash = new Sha256();
        string[] files = Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Where(IsPart).Order(StringComparer.Ordinal)]
            : throw new InvalidInputException($"'{folder}' does not exist; the folder that the run saved was expected.");
        foreach (string name in files)
        {
            string path = Path.Combine(folder, name);
            hash.Append(Encoding.UTF8.GetBytes($"{name}\0"));
            hash.Append(name.EndsWith(".safetensors", StringComparison.Ordinal) ? OfFile(path) : OfJson(path));
        }

        return Convert.ToHexStringLower(hash.Finish());
    }

    private static bool IsPart(string name) =>
        name is "config.json" or "adapter_config.json" or ShardIndex.FileName || name.EndsWith(".safetensors", StringComparison.Ordinal);

    private static byte[] OfJson(string path)
    {
        using var json = JsonFile.ParseObject(path, PlainFile.ReadAllBytes(path));
        var fields = json.RootElement.EnumerateObject().Where(p => !s_origins.Contains(p.Name)).Select(
            p => $"{p.Name}={p.Value.GetRawText()}\n");
        return IlZo.Sha256.Hash(Encoding.UTF8.GetBytes(string.Concat(fields)));
    }

    // Of the SHA-256s of pieces, which are hashed side by side.
    private static byte[] OfFile(string path)
    {
        PlainFile.Require(path);
        using var handle = File.OpenHandle(path);
        long length = RandomAccess.GetLength(handle);
        byte[][] pieces = new byte[checked((int)((length + PieceBytes - 1) / PieceBytes))][];
        Parallel.For(0, pieces.Length, () => new byte[Math.Min(PieceBytes, length)], (i, _, buffer) =>
        {
            long offset = (long)i * PieceBytes;
            int count = (int)Math.Min(PieceBytes, length - offset);
            for (int read = 0; read < count;)
            {
                int more = RandomAccess.Read(handle, buffer.AsSpan(read, count - read), offset + read);
                read += more > 0 ? more : throw new EndOfStreamException($"'{path}' became shorter while it was read.");
            }

            pieces[i] = IlZo.Sha256.Hash(buffer.AsSpan(0, count));
            return buffer;
        }, _ => { });
        return IlZo.Sha256.Hash([.. pieces.SelectMany(p => p)]);
    }
}
