using System.CommandLine;
using IlZo.Gguf;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo import</c>.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string> s_file = new("file") { Description = "GGUF file.", HelpName = "FILE" };
    private static readonly Option<string> s_out = new("--out")
    {
        Description = "Folder to create.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<string?> s_dtype = Flags.Text(
        "--dtype", "TYPE", "Type of the weights: auto (as stored, default; blocks stay as they are, for adapters), fp32, fp16 or bf16.");
    private static readonly Option<string?> s_tokenizer = Flags.Text(
        "--tokenizer", "DIR", "Folder with the tokenizer (default: the one in the file).");

    public static Command Create()
    {
        var command = new Command("import", "Make a model in the Hugging Face layout of a GGUF file, with its tokenizer and chat template.")
        {
            s_file, s_out, s_dtype, s_tokenizer,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string output = Path.GetFullPath(parsed.GetValue(s_out)!);
        var type = parsed.GetValue(s_dtype) is { } word ? DTypeWords.Instance.Parse(word) : null;
        using var interruption = Terminal.OnInterrupt();
        GgufImport.Save(parsed.GetValue(s_file)!, output, type, parsed.GetValue(s_tokenizer), interruption.Token);
        Terminal.Say(output);
        return 0;
    }
}
