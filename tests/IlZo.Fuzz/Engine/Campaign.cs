using System.Diagnostics;
using System.Globalization;
using IlZo.Fuzz.Targets;

namespace IlZo.Fuzz.Engine;

/// <summary>
/// Fuzzes a target in processes of its own, so that a fault that ends a process ends neither the work nor the knowledge of its input.
/// </summary>
/// <param name="amount">What is to be done for each target.</param>
/// <param name="folder">Where inputs that fail are kept.</param>
internal sealed class Campaign(FuzzAmount amount, string folder)
{
    // After so many ends of a process a target is given up.
    private const int MaxDeaths = 10;

    /// <summary>Says what was found and how to see it again.</summary>
    public static void Report(FuzzTarget target, Finding finding, string file)
    {
        Console.WriteLine($"{target.Name}: {finding.Kind}, {finding.Cause}");
        Console.WriteLine($"  dotnet run -c Release --project tests/IlZo.Fuzz -- replay --target {target.Name} '{file}'");
    }

    /// <summary>Fuzzes a target, prints a line of figures and returns the number of findings.</summary>
    public int Run(FuzzTarget target)
    {
        var clock = Stopwatch.StartNew();
        var total = default(WorkerState.Numbers);
        var deadly = new FindingFolder(Path.Combine(folder, target.Name));
        for (int deaths = 0; deaths < MaxDeaths && total.Inputs < amount.Inputs && clock.Elapsed.TotalSeconds < amount.Seconds;)
        {
            string file = Path.GetTempFileName();
            using var state = new WorkerState(file);
            int exitCode = Work(target, file, new FuzzAmount(
                amount.Inputs - total.Inputs, amount.Seconds - clock.Elapsed.TotalSeconds, amount.Seed + (1000 * deaths)));
            Add(ref total, state.Values);
            File.Delete(file);
            if (exitCode == 0)
            {
                break;
            }

            deaths++;
            var finding = state.Values.HasHung != 0 ? Finding.OfHang() : Finding.OfDeath(exitCode);
            if (deadly.Save(finding, state.Input) is { } saved)
            {
                total.Findings++;
                Report(target, finding, saved);
            }

            if (state.Values.Inputs == 0)
            {
                break;
            }
        }

        double seconds = clock.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name,-20} {total.Inputs,10} inputs {total.Inputs / seconds,8:F0}/s "
                + $"{100.0 * total.Accepted / Math.Max(1, total.Inputs),5:F1} % accepted "
            + $"{total.SeedEdges,6} -> {total.Edges,6} edges {total.Corpus,6} corpus {total.PeakBytes >> 20,5} MB peak {total.Findings,3} "
            + $"findings"));
        return total.Findings;
    }

    private int Work(FuzzTarget target, string state, FuzzAmount part)
    {
        string[] arguments =
        [
            "work", "--target", target.Name, "--state", state, "--findings", folder,
            "--inputs", part.Inputs.ToString(CultureInfo.InvariantCulture), "--seconds",
            part.Seconds.ToString(CultureInfo.InvariantCulture),
            "--seed", part.Seed.ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo("dotnet", [typeof(Campaign).Assembly.Location, .. arguments]);

        // Garbage that waits for its collection is memory too: let it be little.
        start.Environment["DOTNET_GCgen0size"] = "400000";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static void Add(ref WorkerState.Numbers total, in WorkerState.Numbers part)
    {
        total.Inputs += part.Inputs;
        total.Accepted += part.Accepted;
        total.Findings += part.Findings;
        total.PeakBytes = Math.Max(total.PeakBytes, part.PeakBytes);
        total.SeedEdges = Math.Max(total.SeedEdges, part.SeedEdges);
        total.Edges = Math.Max(total.Edges, part.Edges);
        total.Corpus = Math.Max(total.Corpus, part.Corpus);
    }
}
