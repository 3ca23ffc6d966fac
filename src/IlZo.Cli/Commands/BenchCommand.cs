using System.CommandLine;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo bench</c>.</summary>
internal static class BenchCommand
{
    private static readonly string s_shapes = string.Join(", ", SyntheticCheckpoint.Shapes);

    public static Command Create() => new("bench", "Measure this machine.") { Step(), OptimizerBenchCommand.Create(), Forward(), Gemm(), Noise(), Widening(), Make() };

    private static Command Step() => OfModel(
        "step",
        "Time and memory of whole MeZO steps on random tokens.",
        (_, folder, batch, length, repetitions, threads, engine, json) =>
            Print(StepBenchmark.Run(folder, batch, length, repetitions, threads, engine), json));

    private static Command Forward() => OfModel(
        "forward",
        "Time of plain forward passes on random tokens.",
        (_, folder, batch, length, repetitions, threads, engine, json) =>
            Print(ForwardBenchmark.Run(folder, batch, length, repetitions, threads, engine), json));

    /// <summary>A measurement on a model and random texts.</summary>
    public static Command OfModel(string verb, string description, Action<ParseResult, string, int, int, int, int?, EngineChoice, bool> run)
    {
        var shape = Flags.Text("--shape", "SHAPE", $"A published shape with random fp16 weights: {s_shapes}.");
        var model = Flags.Text("--model", "DIR|builtin", "A model, in place of a shape.");
        var batch = Flags.Number<int>("--batch", "N", "Texts (default: 16).");
        var length = Flags.Number<int>("--seq", "N", "Tokens of each text (default: 128).");
        var repetitions = Flags.Number<int>("--steps", "N", "Measured repetitions, after one that is not (default: 5).");
        var engine = Flags.Engine();
        var precision = Flags.Precision();
        var threads = Flags.Threads();
        var json = Flags.Json();
        var command = new Command(verb, description) { shape, model, batch, length, repetitions, engine, precision, threads, json };
        command.SetAction(parsed =>
        {
            string? folder = parsed.GetValue(model);
            string? name = parsed.GetValue(shape);
            if ((folder is null) == (name is null))
            {
                throw new InvalidInputException("One of --shape and --model was expected.");
            }

            var choice = Flags.Engine(parsed.GetValue(engine), parsed.GetValue(precision));
            WithModel(folder, name, f => run(
                parsed,
                f,
                AtLeastOne("--batch", parsed.GetValue(batch) ?? 16),
                AtLeastOne("--seq", parsed.GetValue(length) ?? 128),
                AtLeastOne("--steps", parsed.GetValue(repetitions) ?? 5),
                parsed.GetValue(threads),
                choice,
                parsed.GetValue(json)));
            return 0;
        });
        return command;
    }

    private static Command Gemm()
    {
        var tokens = Flags.Number<int>("--tokens", "N", "Tokens (default: 1, 128, 512 and 2048).");
        var dtype = Flags.Text("--dtype", "TYPE", "What weights are kept as: fp32, bf16 or fp16 (default).");
        var repetitions = Flags.Number<int>("--repetitions", "N", "Repetitions (default: 5).");
        var engine = Flags.Engine();
        var precision = Flags.Precision();
        var json = Flags.Json("One JSON object a shape.");
        var command = new Command("gemm", "Linear layers on one thread: shares of the FMA peak, and what the second probe costs.")
        {
            tokens, dtype, repetitions, engine, precision, json,
        };
        command.SetAction(parsed =>
        {
            var choice = Flags.Engine(parsed.GetValue(engine), parsed.GetValue(precision));
            var type = Flags.ParseDType(parsed.GetValue(dtype) ?? "fp16") ?? throw new InvalidInputException("--dtype is auto; fp32, bf16 or fp16 was expected.");
            int times = AtLeastOne("--repetitions", parsed.GetValue(repetitions) ?? 5);
            PrintMicroKernel(GemmBenchmark.MicroKernel(times), parsed.GetValue(json));
            foreach (int count in parsed.GetValue(tokens) is { } given ? (int[])[AtLeastOne("--tokens", given)] : [1, 128, 512, 2048])
            {
                if (count == 1)
                {
                    PrintOneToken(GemmBenchmark.OneToken(type, times), parsed.GetValue(json));
                    continue;
                }

                foreach (var (outputs, inputs) in GemmBenchmark.Layers)
                {
                    var result = GemmBenchmark.Run(choice, outputs, inputs, count, type, times);
                    Print(result, parsed.GetValue(json));
                }
            }

            return 0;
        });
        return command;
    }

    private static Command Noise()
    {
        var json = Flags.Json();
        var command = new Command("rng", "Noise on one thread.") { json };
        command.SetAction(parsed =>
        {
            var result = NoiseBenchmark.Run(5);
            double peak = MachinePeak.FmaGigaflops();
            double bandwidth = MachinePeak.ReadGigabytes();
            if (parsed.GetValue(json))
            {
                Terminal.PrintJson(writer =>
                {
                    writer.WriteNumber("normal_gigaelements_per_second", result.Normal);
                    writer.WriteNumber("rademacher_gigaelements_per_second", result.Signs);
                    writer.WriteNumber("bits_gigaelements_per_second", result.Bits);
                    writer.WriteNumber("peak_gigaflops", peak);
                    writer.WriteNumber("read_gigabytes_per_second", bandwidth);
                });
                return 0;
            }

            Terminal.PrintTable(
            [
                ("normal deviates", Format.Invariant($"{result.Normal:F2} Gelem/s")),
                ("Rademacher numbers", Format.Invariant($"{result.Signs:F2} Gelem/s")),
                ("16 random bits each", Format.Invariant($"{result.Bits:F2} Gelem/s")),
                ("FMA peak, measured now", Format.Invariant($"{peak:F0} GFLOP/s")),
                ("read bandwidth", Format.Invariant($"{bandwidth:F1} GB/s")),
            ]);
            return 0;
        });
        return command;
    }

    private static Command Widening()
    {
        var repetitions = Flags.Number<int>("--repetitions", "N", "Pairs of measurements (default: 15).");
        var json = Flags.Json();
        var command = new Command("widen", "Widening fp16 weights on one thread, in C# and by emitted VCVTPH2PS.") { repetitions, json };
        command.SetAction(parsed =>
        {
            var result = WideningBenchmark.Run(AtLeastOne("--repetitions", parsed.GetValue(repetitions) ?? 15))
                ?? throw new InvalidInputException("This machine does not run VCVTPH2PS on 512 bits; Linux on a processor with AVX-512 was expected.");
            if (parsed.GetValue(json))
            {
                Terminal.PrintJson(writer =>
                {
                    writer.WriteNumber("managed_gigaelements_per_second", result.Managed);
                    writer.WriteNumber("emitted_gigaelements_per_second", result.Emitted);
                    writer.WriteNumber("emitted_over_managed", result.Ratio);
                });
                return 0;
            }

            Terminal.PrintTable(
            [
                ("C#", Format.Invariant($"{result.Managed:F2} Gelem/s")),
                ("VCVTPH2PS", Format.Invariant($"{result.Emitted:F2} Gelem/s, {result.Ratio:F2} x C#")),
            ]);
            return 0;
        });
        return command;
    }

    private static Command Make()
    {
        var shape = Flags.Text("--shape", "SHAPE", $"The shape: {s_shapes}.");
        var output = Flags.Text("--out", "DIR", "The folder to write to.");
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

    private static void WithModel(string? folder, string? shape, Action<string> run)
    {
        if (folder is not null)
        {
            run(folder);
            return;
        }

        string scratch = Directory.CreateTempSubdirectory("ilzo-bench-").FullName;
        try
        {
            SyntheticCheckpoint.Write(shape!, scratch);
            run(scratch);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static int AtLeastOne(string name, int value) =>
        value >= 1 ? value : throw new InvalidInputException($"{name} is {value}; 1 or more was expected.");

    private static void PrintMicroKernel((double Kernel, double Peak) result, bool json)
    {
        if (!json)
        {
            Terminal.Results.WriteLine(Format.Invariant(
                $"micro-kernel             {100 * result.Kernel / result.Peak,5:F1} % of the FMA peak ({result.Kernel:F0} of {result.Peak:F0} GFLOP/s)"));
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteNumber("micro_kernel_gigaflops", result.Kernel);
            writer.WriteNumber("peak_gigaflops", result.Peak);
        });
    }

    private static void PrintOneToken((double Weights, double Memory) result, bool json)
    {
        if (!json)
        {
            Terminal.Results.WriteLine(Format.Invariant(
                $"T    1  N 50272  K 2048  {100 * result.Weights / result.Memory,5:F1} % of the read bandwidth ({result.Weights:F1} of {result.Memory:F1} GB/s)"));
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteNumber("tokens", 1);
            writer.WriteNumber("weight_gigabytes_per_second", result.Weights);
            writer.WriteNumber("read_gigabytes_per_second", result.Memory);
        });
    }

    private static void Print(GemmBenchmark result, bool json)
    {
        if (!json)
        {
            string ratios = result.PlainOverManaged is null
                ? string.Empty
                : Format.Invariant($"  {result.PlainOverManaged:F2} x the C# kernels, both probes {result.DualOverManaged:F2} x");
            Terminal.Results.WriteLine(Format.Invariant(
                $"T {result.Tokens,4}  N {result.Outputs,5}  K {result.Inputs,4}  {100 * result.Plain,5:F1} % of the FMA peak ({result.Gigaflops:F0} of {result.Peak:F0} GFLOP/s)  both probes {result.Dual:F3} x two products") + ratios);
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteNumber("tokens", result.Tokens);
            writer.WriteNumber("outputs", result.Outputs);
            writer.WriteNumber("inputs", result.Inputs);
            writer.WriteNumber("share_of_peak", result.Plain);
            writer.WriteNumber("gigaflops", result.Gigaflops);
            writer.WriteNumber("peak_gigaflops", result.Peak);
            writer.WriteNumber("dual_over_two_plain", result.Dual);
            if (result is { PlainOverManaged: { } plain, DualOverManaged: { } dual })
            {
                writer.WriteNumber("plain_over_managed", plain);
                writer.WriteNumber("dual_over_managed", dual);
            }
        });
    }

    private static void Print(ForwardBenchmark result, bool json)
    {
        double share = result.Gigaflops / (result.PeakGigaflops * result.Threads);
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("forward_seconds", result.Seconds);
                writer.WriteNumber("tokens_per_second", result.TokensPerSecond);
                writer.WriteNumber("peak_gigaflops_per_thread", result.PeakGigaflops);
                writer.WriteNumber("read_gigabytes_per_second", result.ReadGigabytes);
                writer.WriteNumber("share_of_peak", share);
                writer.WriteNumber("threads", result.Threads);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("forward", Format.Invariant($"{result.Seconds:F3} s (median), {result.TokensPerSecond:F0} tokens/s")),
            ("FMA peak, measured now", Format.Invariant($"{result.PeakGigaflops:F0} GFLOP/s a thread, {result.Threads} threads; the forward reaches {100 * share:F0} %")),
            ("read bandwidth", Format.Invariant($"{result.ReadGigabytes:F1} GB/s a thread")),
        ]);
    }

    private static void Print(StepBenchmark result, bool json)
    {
        double rate = result.NeededGigaflop / result.ForwardSeconds;
        double share = rate / (result.PeakGigaflops * result.Threads);
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("step_seconds", result.StepSeconds);
                writer.WriteNumber("forward_seconds", result.ForwardSeconds);
                writer.WriteNumber("update_seconds", result.UpdateSeconds);
                writer.WriteNumber("needed_gigaflop", result.NeededGigaflop);
                writer.WriteStartObject("split_thread_seconds");
                foreach (var (name, seconds) in Parts(result.Split))
                {
                    writer.WriteNumber(name, seconds);
                }

                writer.WriteEndObject();
                writer.WriteNumber("peak_gigaflops_per_thread", result.PeakGigaflops);
                writer.WriteNumber("read_gigabytes_per_second", result.ReadGigabytes);
                writer.WriteNumber("share_of_peak", share);
                writer.WriteNumber("threads", result.Threads);
                writer.WriteNumber("parameters", result.Parameters);
                writer.WriteNumber("weight_bytes", result.WeightBytes);
                writer.WriteNumber("allocated_bytes_per_step", result.AllocatedBytes);
                writer.WriteNumber("garbage_collections", result.Collections);
                writer.WriteNumber("peak_rss_bytes", result.PeakRssBytes);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("step", Format.Invariant($"{result.StepSeconds:F3} s (median)")),
            ("forward at both probes", Format.Invariant($"{result.ForwardSeconds:F3} s, {rate:F0} GFLOP/s of the needed {result.NeededGigaflop:F0} GFLOP")),
            ("update", Format.Invariant($"{result.UpdateSeconds:F3} s")),
            ("thread time", string.Join(", ", Parts(result.Split).Select(p => Format.Invariant($"{p.Name} {100 * p.Seconds / Parts(result.Split).Sum(q => q.Seconds):F1} %")))),
            ("FMA peak, measured now", Format.Invariant($"{result.PeakGigaflops:F0} GFLOP/s a thread, {result.Threads} threads; the forward reaches {100 * share:F0} %")),
            ("read bandwidth", Format.Invariant($"{result.ReadGigabytes:F1} GB/s a thread")),
            ("weights", $"{result.Parameters:N0}, {Format.Bytes(result.WeightBytes)}"),
            ("managed heap", Format.Invariant($"{Format.Bytes(result.AllocatedBytes)} a step, {result.Collections} collections")),
            ("peak memory", Format.Bytes(result.PeakRssBytes)),
        ]);
    }

    private static (string Name, double Seconds)[] Parts(StepSplit split) =>
    [
        ("noise", split.Noise), ("packing", split.Packing), ("products", split.Products),
        ("attention", split.Attention), ("rest", split.Rest), ("update", split.Update),
    ];
}
