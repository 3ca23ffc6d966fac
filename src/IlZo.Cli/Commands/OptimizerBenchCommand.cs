using System.CommandLine;
using IlZo.Benchmarks;
using IlZo.Optimizers;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo bench optimizers</c>.</summary>
internal static class OptimizerBenchCommand
{
    private static readonly Option<string?> s_names = Flags.Text(
        "--optimizers", "A,B,…",
        $"Comma-separated methods (default: all that need losses alone): {string.Join(", ", OptimizerCatalog.All.Select(m => m.Name))}.");

    public static Command Create()
    {
        var command = ModelBenchCommand.Of(
            "optimizers",
            "Processor time of each method's steps on random tokens, per forward pass and relative to the first method's.",
            (parsed, request, threads) =>
            {
                string[] names = parsed.GetValue(s_names) is { } list
                    ? Flags.Words(list)
                    : [.. OptimizerCatalog.OfLosses.Select(m => m.Name)];
                var engine = Device.CpuEngine(request.Engine);
                request.WithModel(folder => Print(
                    OptimizerBenchmark.Run(names, folder, request.Batch, request.Length, request.Repetitions, threads, engine),
                    request.Json));
            });
        command.Add(s_names);
        return command;
    }

    private static void Print(IReadOnlyList<OptimizerBenchmark> results, bool json)
    {
        if (!json)
        {
            Terminal.PrintTable(results.Select(r => (
                r.Method,
                Format.Invariant($"{r.ForwardPasses,4:F1} passes a step, {1000 * r.PassSeconds,8:F2} ms each, {r.Relative:F2} x "
                    + $"{results[0].Method}; update {100 * r.UpdateShare:F0} %"))));
            return;
        }

        foreach (var result in results)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("optimizer", result.Method);
                writer.WriteNumber("forward_passes_per_step", result.ForwardPasses);
                writer.WriteNumber("processor_seconds_per_pass", result.PassSeconds);
                writer.WriteNumber("relative", result.Relative);
                writer.WriteNumber("update_share", result.UpdateShare);
            });
        }
    }
}
