using System.CommandLine;
using System.CommandLine.Parsing;
using IlZo.Arithmetic;
using IlZo.Benchmarks;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo bench</c>.</summary>
internal static class BenchCommand
{
    private const string DefaultShape = "opt-125m";

    private static readonly Option<string?> s_device = Flags.BenchDevice();
    private static readonly Option<bool> s_json = Flags.Json("Print one JSON object per measurement.");
    private static readonly BenchModelOptions s_model = new();

    public static Command Create()
    {
        var command = new Command("bench", "Measure this machine: one of the commands, or step, forward, gemm and rng one after another "
            + $"(on {DefaultShape} unless another model is named).")
        {
            ModelBenchCommand.Step(),
            ModelBenchCommand.Forward(),
            ModelBenchCommand.Generate(),
            LayerBenchCommand.Gemm(),
            LayerBenchCommand.Noise(),
            OptimizerBenchCommand.Create(),
            LayerBenchCommand.Widening(),
            Make(),
            s_device,
            s_json,
        };
        s_model.AddTo(command);
        foreach (var measurement in command.Subcommands)
        {
            measurement.Validators.Add(RefuseOptionsBefore);
        }

        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var request = s_model.Request(parsed, DefaultShape) with { Device = parsed.GetValue(s_device), Json = parsed.GetValue(s_json) };
        if (BenchDevice.TryMeasureGpu(BenchPart.All, request))
        {
            return 0;
        }

        // The step is first, for it says how much memory the process has taken.
        var engine = Device.CpuEngine(request.Engine);
        ModelBenchCommand.RunStep(request, null, engine);
        ModelBenchCommand.RunForward(request, null, engine);
        LayerBenchCommand.RunGemm(engine, request);
        LayerBenchCommand.RunNoise(request.Json);
        return 0;
    }

    // They would be taken for those of bench alone and be without effect.
    private static void RefuseOptionsBefore(CommandResult result)
    {
        var option = ((CommandResult)result.Parent!).Children.OfType<OptionResult>().FirstOrDefault(o => !o.Implicit);
        if (option is not null)
        {
            result.AddError($"{option.Option.Name} stands before {result.Command.Name}; after it was expected.");
        }
    }

    private static Command Make()
    {
        var shape = Flags.Text("--shape", "SHAPE", $"The shape: {BenchModelOptions.Shapes}.");
        var output = Flags.Text("--out", "DIR", "Folder to write to.");
        shape.Required = true;
        output.Required = true;
        var command = new Command("make", "Write a checkpoint of a published shape with random fp16 weights.") { shape, output };
        command.SetAction(parsed =>
        {
            SyntheticCheckpoint.Write(parsed.GetValue(shape)!, parsed.GetValue(output)!);
            return 0;
        });
        return command;
    }
}
