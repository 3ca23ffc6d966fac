using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using IlZo.Files;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>
/// Keeps the trials of a comparison or a sweep that are done, so that it can be ended at any moment and resumed: one JSON object a line
/// in <c>runs.jsonl</c>, with everything that a result follows from. A line that a killed process did not finish is left out.
/// </summary>
public sealed class TrialJournal : IDisposable
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "runs.jsonl";

    private readonly Dictionary<string, TrialEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _path;
    private long _length;
    private FileStream? _stream;

    private TrialJournal(string folder) => _path = Path.Combine(folder, FileName);

    /// <summary>The trials that an earlier process did.</summary>
    public int Count => _entries.Count;

    /// <summary>The file.</summary>
    internal string FilePath => _path;

    /// <summary>A journal that replaces what there is in a folder, with its first trial.</summary>
    /// <param name="folder">The folder, which nobody else writes to.</param>
    public static TrialJournal Begin(string folder) => new(folder);

    /// <summary>A journal that goes on with the one in a folder, or begins one.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="InvalidInputException">The file is not as a comparison or a sweep writes it.</exception>
    public static TrialJournal Resume(string folder)
    {
        var journal = new TrialJournal(folder);
        if (File.Exists(journal._path))
        {
            journal.Read();
        }

        return journal;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream?.Dispose();

    /// <summary>What is known of a trial; null for nothing.</summary>
    internal TrialEntry? Find(JsonObject identity)
    {
        lock (_entries)
        {
            return _entries.GetValueOrDefault(identity.ToJsonString());
        }
    }

    /// <summary>Adds a trial; it is on the disk when this returns.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    internal void Append(TrialEntry entry)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, TrialJournalJson.Default.TrialEntry), (byte)'\n'];
        lock (_entries)
        {
            if (_stream is null)
            {
                _stream = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
                _stream.SetLength(_length);
                _stream.Seek(0, SeekOrigin.End);
            }

            _stream.Write(line);
            _stream.Flush(flushToDisk: true);
            _entries[entry.Trial.ToJsonString()] = entry;
        }
    }

    private void Read()
    {
        byte[] content = PlainFile.ReadAllBytes(_path);
        for (int number = 1; content.AsSpan((int)_length).IndexOf((byte)'\n') is >= 0 and int end; number++)
        {
            var (key, entry) = Parse(content.AsSpan((int)_length, end), number);
            _entries[key] = entry;
            _length += end + 1;
        }
    }

    private (string Key, TrialEntry Entry) Parse(ReadOnlySpan<byte> line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(line, TrialJournalJson.Default.TrialEntry) is { Run.Points.Count: > 0 } entry
                && entry.Run.Points.All(p => p is not null)
                ? (Key(entry.Trial), entry)
                : throw Error(number, null);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or InvalidInputException)
        {
            throw Error(number, e);
        }
    }

    // What it would be called now.
    private static string Key(JsonObject trial)
    {
        if (trial["options"] is JsonObject options && (string?)options["optimizer"] is { } method && (string?)options["opt"] is { } opt)
        {
            trial = trial.DeepClone().AsObject();
            trial["options"]!["opt"] = OptimizerCatalog.Recorded(method, opt);
        }

        return trial.ToJsonString();
    }

    private InvalidInputException Error(int number, Exception? cause) => new(
        $"{_path}:{number}: got other content; expected a finished run of a comparison or a sweep.", cause!);
}

/// <summary>A trial that is done.</summary>
/// <param name="Trial">Its <see cref="Trial.Identity"/>.</param>
/// <param name="ExamplesSha256">The hash of its examples; null for a function.</param>
/// <param name="Run">What it came to.</param>
internal sealed record TrialEntry(JsonObject Trial, string? ExamplesSha256, TrialRun Run);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(TrialEntry))]
internal sealed partial class TrialJournalJson : JsonSerializerContext;
