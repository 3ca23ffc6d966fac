using System.CommandLine;
using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo bench gemm</c>, <c>rng</c> and <c>widen</c>: what needs no model.</summary>
internal static class LayerBenchCommand
{
    private static readonly int[] s_tokens = [1, 128, 512, 2048];

    public static Command Gemm()
    {
        var tokens = Flags.Number<int>("--tokens", "N", "Number of tokens (default: 1, 128, 512 and 2048).");
        var dtype = Flags.Text("--dtype", "TYPE", "Type in which weights are kept: fp32, bf16 or fp16 (default).");
        var repetitions = Flags.Number<int>("--repetitions", "N", "Repetitions (default: 5).");
        var device = Flags.BenchDevice();
        var engine = Flags.Engine();
        var precision = Flags.Precision();
        var json = Flags.Json("Print one JSON object per shape.");
        var command = new Command("gemm", "Linear layers, on a GPU or on one thread: share of the peaks, and cost of the second probe.")
        {
            tokens, dtype, repetitions, device, engine, precision, json,
        };
        command.SetAction(parsed =>
        {
            var request = new BenchRequest
            {
                Device = parsed.GetValue(device),
                Engine = new EngineRequest(parsed.GetValue(engine)!, parsed.GetValue(precision)!),
                Tokens = parsed.GetValue(tokens) is { } given ? Flags.AtLeastOne("--tokens", given) : null,
                Type = Flags.ParseDType(parsed.GetValue(dtype) ?? "fp16") ?? throw new InvalidInputException(
                    "--dtype is auto; fp32, bf16 or fp16 was expected."),
                Repetitions = Flags.AtLeastOne("--repetitions", parsed.GetValue(repetitions) ?? BenchRequest.DefaultRepetitions),
                Json = parsed.GetValue(json),
            };
            if (!BenchDevice.TryMeasureGpu(BenchPart.Gemm, request))
            {
                RunGemm(Device.CpuEngine(request.Engine), request);
            }

            return 0;
        });
        return command;
    }

    /// <summary>Measures layers on one thread.</summary>
    public static void RunGemm(EngineChoice engine, BenchRequest request)
    {
        PrintMicroKernel(GemmBenchmark.MicroKernel(request.Repetitions), request.Json);
        foreach (int count in request.Tokens is { } given ? [given] : s_tokens)
        {
            if (count == 1)
            {
                PrintOneToken(GemmBenchmark.OneToken(request.Type, request.Repetitions), request.Json);
                continue;
            }

            foreach (var (outputs, inputs) in GemmBenchmark.Layers)
            {
                Print(GemmBenchmark.Run(engine, outputs, inputs, count, request.Type, request.Repetitions), request.Json);
            }
        }
    }

    public static Command Noise()
    {
        var device = Flags.BenchDevice();
        var json = Flags.Json();
        var command = new Command("rng", "Noise, on a GPU or on one thread.") { device, json };
        command.SetAction(parsed =>
        {
            var request = new BenchRequest { Device = parsed.GetValue(device), Json = parsed.GetValue(json) };
            if (!BenchDevice.TryMeasureGpu(BenchPart.Noise, request))
            {
                RunNoise(request.Json);
            }

            return 0;
        });
        return command;
    }

    /// <summary>Measures noise on one thread.</summary>
    public static void RunNoise(bool json)
    {
        var result = NoiseBenchmark.Run(BenchRequest.DefaultRepetitions);
        double peak = MachinePeak.FmaGigaflops();
        double bandwidth = MachinePeak.ReadGigabytes();
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("normal_gigaelements_per_second", result.Normal);
                writer.WriteNumber("rademacher_gigaelements_per_second", result.Signs);
                writer.WriteNumber("bits_gigaelements_per_second", result.Bits);
                writer.WriteNumber("peak_gigaflops", peak);
                writer.WriteNumber("read_gigabytes_per_second", bandwidth);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("normal deviates", Format.Invariant($"{result.Normal:F2} Gelem/s")),
            ("Rademacher numbers", Format.Invariant($"{result.Signs:F2} Gelem/s")),
            ("16 random bits each", Format.Invariant($"{result.Bits:F2} Gelem/s")),
            ("FMA peak, measured now", Format.Invariant($"{peak:F0} GFLOP/s")),
            ("read bandwidth", Format.Invariant($"{bandwidth:F1} GB/s")),
        ]);
    }

    public static Command Widening()
    {
        var repetitions = Flags.Number<int>("--repetitions", "N", "Pairs of measurements (default: 15).");
        var json = Flags.Json();
        var command = new Command("widen", "Widening fp16 weights on one thread, in C# and with emitted VCVTPH2PS.") { repetitions, json };
        command.SetAction(parsed =>
        {
            var result = WideningBenchmark.Run(Flags.AtLeastOne("--repetitions", parsed.GetValue(repetitions) ?? 15))
                ?? throw new InvalidInputException(
                    "This machine does not run VCVTPH2PS on 512 bits; Linux on a processor with AVX-512 was expected.");
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

    private static void PrintMicroKernel((double Kernel, double Peak) result, bool json)
    {
        if (!json)
        {
            Terminal.Results.WriteLine(Format.Invariant(
                $"micro-kernel             {100 * result.Kernel / result.Peak,5:F1} % of the FMA peak ({result.Kernel:F0} of "
                    + $"{result.Peak:F0} GFLOP/s)"));
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
                $"T    1  N 50272  K 2048  {100 * result.Weights / result.Memory,5:F1} % of the read bandwidth ({result.Weights:F1} of "
                    + $"{result.Memory:F1} GB/s)"));
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
                $"T {result.Tokens,4}  N {result.Outputs,5}  K {result.Inputs,4}  {100 * result.Plain,5:F1} % of the FMA peak "
                    + $"({result.Gigaflops:F0} of {result.Peak:F0} GFLOP/s)  both probes {result.Dual:F3} x two products") + ratios);
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
}
