using System.CommandLine;
using IlZo.Gguf;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo import</c>.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string> s_file = new("file")
    {
        Description = "GGUF file, or the folder of a model that GPTQ, AWQ or bitsandbytes (to NF4) has quantized.",
        HelpName = "FILE",
    };


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
        var command = new Command(
            "import",
            "Make a model of a GGUF file, in the Hugging Face layout with tokenizer and chat template, or of one in GPTQ, AWQ or NF4.")
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
        string source = parsed.GetValue(s_file)!;
        using var interruption = Terminal.OnInterrupt();
        string? note;
        if (Directory.Exists(source))
        {
            if (((Option[])[s_dtype, s_tokenizer]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } option)
            {
                throw new InvalidInputException(
                    $"{option.Name} is given for '{source}', which is a folder and keeps its weights and its tokenizer; a GGUF file was "
                        + "expected with it.");
            }

            note = QuantizedImport.Save(source, output, interruption.Token);
        }
        else
        {
            note = GgufImport.Save(source, output, type, parsed.GetValue(s_tokenizer), interruption.Token);
        }

        if (note is not null)
        {
            Terminal.Say($"note: {note}");
        }

        Terminal.Say(output);
        return 0;
    }
}
