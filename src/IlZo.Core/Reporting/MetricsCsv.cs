using System.Globalization;
using System.Text;
using IlZo.Checkpoints;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>The metrics of runs as a table of comma-separated values (RFC 4180): a row for each line, a column for each field.</summary>
internal static class MetricsCsv
{
    private static readonly string[] s_first = ["run", "step"];

    /// <summary>Writes the file; an earlier one is replaced as a whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="runs">The runs with their names.</param>
    /// <exception cref="IOException">Writing failed; the file is as it was.</exception>
    /// <exception cref="InvalidInputException">Metrics of a run are missing, or are not as a run writes them.</exception>
    public static void Write(string path, IReadOnlyList<(RunFolder Folder, string Name)> runs)
    {
        // Read twice, so that no run has to fit into memory.
        var fields = new List<string>();
        foreach (var (folder, _) in runs)
        {
            new MetricsReader(folder.MetricsFile).Read(line => fields.AddRange(line.Fields.Select(f => f.Name).Except(fields)));
        }

        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\r\n" };
            writer.WriteLine(string.Join(',', s_first.Concat(fields).Select(Quoted)));
            foreach (var (folder, name) in runs)
            {
                string run = Quoted(name);
                new MetricsReader(folder.MetricsFile).Read(line => writer.WriteLine(
                    string.Join(',', [run, line.Step.ToString(CultureInfo.InvariantCulture), .. fields.Select(f => Cell(line, f))])));
            }
        });
    }

    private static string Cell(MetricsLine line, string name)
    {
        foreach (var field in line.Fields)
        {
            if (field.Name == name)
            {
                return field.IsFlag ? field.Value == 1 ? "true" : "false"
                    : double.IsFinite(field.Value) ? field.Value.ToString("R", CultureInfo.InvariantCulture)
                    : string.Empty;
            }
        }

        return string.Empty;
    }

    /// <summary>A text as one cell.</summary>
    internal static string Quoted(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
