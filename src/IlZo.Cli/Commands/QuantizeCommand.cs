using System.CommandLine;
using System.Globalization;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo quantize</c>.</summary>
internal static class QuantizeCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string> s_to = new("--to")
    {
        Description = $"Blocks for the matrices: {BlockWords.Instance.List}.",
        HelpName = "TYPE",
        Required = true,
    };
    private static readonly Option<string> s_out = new("--out")
    {
        Description = "Folder to create, or a saved model to replace.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<string?> s_keep = Flags.Text(
        "--keep", "NAMES", "Tensors to leave as they are: names with * and ?, or role:head and the like, with commas between them.");
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "quantize",
            "Write a model whose matrices are stored in blocks of 4 or 8 bits, a base for adapters that takes less memory.")
        {
            s_model, s_to, s_out, s_keep, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var type = BlockWords.Instance.Parse(parsed.GetValue(s_to)!);
        string output = Path.GetFullPath(parsed.GetValue(s_out)!);
        using var interruption = Terminal.OnInterrupt();
        using var model = ModelLoader.Load(ModelArgument.Checkpoint(parsed.GetValue(s_model)!), cancellation: interruption.Token);
        var report = QuantizedCheckpoint.Save(model, output, type, parsed.GetValue(s_keep), interruption.Token);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("out", output);
                writer.WriteString("type", type.TorchName());
                writer.WriteNumber("quantized", report.Quantized.Count);
                writer.WriteStartArray("kept");
                foreach (string name in report.Kept)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
                writer.WriteNumber("stored_bytes", report.StoredBytes);
                writer.WriteNumber("quantized_bytes", report.QuantizedBytes);
                writer.WriteNumber("relative_error", report.Error);
            });
            return 0;
        }

        Terminal.PrintTable(
        [
            ("saved to", output),
            ("matrices", $"{report.Quantized.Count} in blocks of {type.TorchName()}"
                + (report.Kept.Count == 0 ? string.Empty : $"; as they were: {string.Join(", ", report.Kept)}")),
            ("size", string.Format(
                CultureInfo.InvariantCulture, "{0:N1} MB, {1:N1} MB before", report.QuantizedBytes / 1e6, report.StoredBytes / 1e6)),
            ("error", string.Format(CultureInfo.InvariantCulture, "{0:P2} of the weights, root mean square", report.Error)),
        ]);
        return 0;
    }
}
