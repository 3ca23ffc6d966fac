using System.CommandLine;
using IlZo.Adapters;
using IlZo.Checkpoints;
using IlZo.Gguf;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo export</c>.</summary>
internal static class ExportCommand
{
    private static readonly Option<string> s_run = RunProduct.Run();
    private static readonly Option<string> s_out = new("--out")
    {
        Description = "Folder to create, or a saved model to replace.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<bool> s_merge = new("--merge")
    {
        Description = "For a run that trained LoRA or scales: write the complete model with these merged into its weights.",
    };
    private static readonly Option<string?> s_gguf = Flags.Text(
        "--gguf", "TYPE",
        $"Write one GGUF file for llama.cpp and Ollama, with the tokenizer and chat template; matrices in {GgufTypeWords.Instance.List}. "
            + "LoRA and scales are merged.");
    private static readonly Option<bool> s_allowShortLog = Flags.AllowShortLog();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "export",
            "Copy the model that a run selected, in the Hugging Face layout, or its adapter, in PEFT's "
                + "format.") { s_run, s_out, s_merge, s_gguf, s_allowShortLog, s_json };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var run = new RunFolder(parsed.GetValue(s_run)!);
        var saved = SavedRun.Open(run, parsed.GetValue(s_allowShortLog));
        var options = saved.Configuration.Options;
        string trained = saved.RequireSelected();
        string output = Path.GetFullPath(parsed.GetValue(s_out)!);
        bool merge = parsed.GetValue(s_merge);
        if (merge && options.Adapter is null)
        {
            throw new InvalidInputException(
                $"'{run.FullPath}' trained weights and no adapter: without --merge the export is a whole model already.");
        }

        using var interruption = Terminal.OnInterrupt();
        if (parsed.GetValue(s_gguf) is { } words)
        {
            var type = GgufTypeWords.Instance.Parse(words);
            OutputFile.Check("--out", output);
            var source = saved.Result();
            var widened = options.Adapter is null ? WidenedType(trained, options.DType) : MergedType(options, trained);
            using var model = source.Load(widened, interruption.Token);
            GgufExport.Save(model, output, type, source.Template(model), interruption.Token);
        }
        else if (options.Adapter is null)
        {
            using var checkpoint = CheckpointFolder.Open(trained);
            checkpoint.Save(output, new Dictionary<string, Parameter>(), cancellation: interruption.Token);
        }
        else if (merge)
        {
            using var model = AdapterFactory.Load(options.Model, trained, MergedType(options, trained), interruption.Token);
            AdapterFiles.SaveMerged(model, output, TrainableModel.ExtraFiles(options, run), interruption.Token);
        }
        else
        {
            AdapterFiles.Copy(trained, output);
        }

        RunProduct.Print(parsed.GetValue(s_json), output);
        return 0;
    }

    private static DType? MergedType(TrainingOptions options, string adapter) =>
        AdapterCatalog.KindOf(adapter).MergesIntoBlocks ? options.DType : WidenedType(options.Model, options.DType);

    // Nothing can be added to weights in blocks, so these are widened.
    private static DType? WidenedType(string model, DType? type)
    {
        using var checkpoint = ModelLoader.Open(model);
        return type ?? (checkpoint.HasBlocks ? DType.F16 : null);
    }
}
