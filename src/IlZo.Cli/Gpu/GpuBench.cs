using System.Text.Json;
using IlZo.Gpu;
using IlZo.Gpu.Benchmarks;

namespace IlZo.Cli.Gpu;

/// <summary>Measures a GPU and prints what it found.</summary>
/// <param name="backend">The GPU.</param>
/// <param name="scale">How much work is measured.</param>
/// <param name="request">What was asked for.</param>
internal sealed class GpuBench(GpuBackend backend, DeviceBenchmarkScale scale, BenchRequest request)
{
    public void Run(BenchPart part)
    {
        switch (part)
        {
            case BenchPart.Gemm:
                Gemm();
                break;
            case BenchPart.Noise:
                Noise();
                break;
            case BenchPart.Forward:
                Forward();
                break;
            case BenchPart.Step:
                Step();
                break;
            default:
                Step();
                Forward();
                Gemm();
                Noise();
                break;
        }
    }

    private void Gemm()
    {
        foreach (var r in DeviceGemm.Run(backend, request.Type, request.Tokens, request.Repetitions, scale))
        {
            if (!request.Json)
            {
                string share = r.Tokens == 1
                    ? Format.Invariant($"{100 * r.WeightGigabytes / r.Peak.ReadGigabytes,5:F1} % of the read bandwidth "
                        + $"({r.WeightGigabytes:F0} of {r.Peak.ReadGigabytes:F0} GB/s)")
                    : Format.Invariant($"{Share(r.PlainGigaflops, r.Peak),5:F1} % of the {PeakName()} ({r.PlainGigaflops:F0} of "
                        + $"{r.Peak.ProductGigaflops:F0} GFLOP/s)");
                Terminal.Results.WriteLine(Format.Invariant(
                    $"T {r.Tokens,4}  N {r.Outputs,5}  K {r.Inputs,5}  {share}  both probes {r.DualSeconds / (2 * r.PlainSeconds):F3} x "
                        + $"two products"));
                Terminal.Results.Flush();
                continue;
            }

            PrintJson("gemm", r.Peak, writer =>
            {
                writer.WriteNumber("tokens", r.Tokens);
                writer.WriteNumber("outputs", r.Outputs);
                writer.WriteNumber("inputs", r.Inputs);
                writer.WriteNumber("weight_bytes", r.WeightBytes);
                writer.WriteNumber("plain_seconds", r.PlainSeconds);
                writer.WriteNumber("dual_seconds", r.DualSeconds);
                writer.WriteNumber("plain_gigaflops", r.PlainGigaflops);
                writer.WriteNumber("dual_gigaflops", r.DualGigaflops);
                writer.WriteNumber("weight_gigabytes_per_second", r.WeightGigabytes);
            });
        }
    }

    private void Noise()
    {
        var r = DeviceNoise.Run(backend, request.Repetitions, scale);
        if (request.Json)
        {
            PrintJson("rng", r.Peak, writer =>
            {
                writer.WriteNumber("normal_gigaelements_per_second", r.Normal);
                writer.WriteNumber("rademacher_gigaelements_per_second", r.Signs);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("normal deviates", Format.Invariant($"{r.Normal:F2} Gelem/s")),
            ("Rademacher numbers", Format.Invariant($"{r.Signs:F2} Gelem/s")),
            .. Rows(r.Peak),
        ]);
    }

    private void Forward()
    {
        var r = DeviceForward.Run(backend, request.Model, request.Shape, request.Batch, request.Length, request.Repetitions, scale);
        if (request.Json)
        {
            PrintJson("forward", r.Peak, writer =>
            {
                writer.WriteNumber("forward_seconds", r.Seconds);
                writer.WriteNumber("tokens_per_second", r.TokensPerSecond);
                writer.WriteNumber("gigaflops", r.Gigaflops);
                WriteMemory(writer, r.Memory);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("forward", Format.Invariant($"{1000 * r.Seconds:F2} ms (median), {r.TokensPerSecond:F0} tokens/s, {r.Gigaflops:F0} GFLOP/s")),
            .. Rows(r.Peak),
            .. Rows(r.Memory),
        ]);
    }

    private void Step()
    {
        var r = DeviceStep.Run(
            backend, request.Model, request.Shape, request.Batch, request.Length, request.Repetitions, scale, request.WeightMemory,
            request.HasHoles);
        if (request.Json)
        {
            PrintJson("step", r.Peak, writer =>
            {
                writer.WriteNumber("step_seconds", r.StepSeconds);
                writer.WriteNumber("forward_seconds", r.ForwardSeconds);
                writer.WriteNumber("update_seconds", r.UpdateSeconds);
                Json.WriteNumber(writer, "loss", r.Loss);
                writer.WriteNumber("needed_gigaflop", r.NeededGigaflop);
                writer.WriteNumber("forward_gigaflops", r.Gigaflops);
                writer.WriteNumber("update_gigabytes_per_second", r.UpdateGigabytes);
                writer.WriteNumber("allocated_bytes_per_step", r.AllocatedBytes);
                WriteMemory(writer, r.Memory);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("step", Format.Invariant($"{1000 * r.StepSeconds:F2} ms (median), loss {r.Loss:F3}")),
            ("forward at both probes", Format.Invariant($"{1000 * r.ForwardSeconds:F2} ms, {r.Gigaflops:F0} GFLOP/s of the needed "
                + $"{r.NeededGigaflop:F0} GFLOP, {Share(r.Gigaflops, r.Peak):F1} % of the {PeakName()}")),
            ("update", Format.Invariant($"{1000 * r.UpdateSeconds:F2} ms, {r.UpdateGigabytes:F0} GB/s, "
                + $"{100 * r.UpdateGigabytes / r.Peak.CopyGigabytes:F1} % of the copy bandwidth")),
            .. Rows(r.Peak),
            .. Rows(r.Memory),
            ("managed heap", $"{Format.Bytes(r.AllocatedBytes)} a step"),
        ]);
    }

    private void PrintJson(string benchmark, DevicePeak peak, Action<Utf8JsonWriter> fields)
    {
        Terminal.PrintJson(writer =>
        {
            writer.WriteString("benchmark", benchmark);
            fields(writer);
            writer.WriteString("precision", backend.Engine.Precision);
            writer.WriteNumber("peak_gigaflops", peak.FmaGigaflops);
            Json.WriteNumber(writer, "tensor_core_peak_gigaflops", peak.TensorGigaflops);
            writer.WriteNumber("read_gigabytes_per_second", peak.ReadGigabytes);
            writer.WriteNumber("copy_gigabytes_per_second", peak.CopyGigabytes);
        });
        Terminal.Results.Flush();
    }

    private static void WriteMemory(Utf8JsonWriter writer, DeviceUsage memory)
    {
        writer.WriteNumber("parameters", memory.Parameters);
        writer.WriteNumber("weight_bytes", memory.WeightBytes);
        writer.WriteNumber("used_bytes", memory.UsedBytes);
        Json.WriteNumber(writer, "occupied_bytes", memory.OccupiedBytes);
    }

    private static double Share(double gigaflops, DevicePeak peak) => 100 * gigaflops / peak.ProductGigaflops;

    // A product counts as one whatever it is computed in; in bf16x3 tensor cores compute three.
    private string PeakName() => backend.Products switch
    {
        ProductPrecision.Fp32 => "FMA peak",
        ProductPrecision.SplitBFloat16 => "tensor cores' peak, a third at best in bf16x3",
        _ => "tensor cores' peak",
    };

    private static (string Name, string Value)[] Rows(DevicePeak peak) =>
    [
        ("FMA peak, measured now", Format.Invariant($"{peak.FmaGigaflops:F0} GFLOP/s in fp32")),
        .. peak.TensorGigaflops is { } tensor
            ? [("tensor cores' peak, measured now", Format.Invariant($"{tensor:F0} GFLOP/s in bf16"))]
            : ((string, string)[])[],
        ("memory, measured now", Format.Invariant(
            $"{peak.ReadGigabytes:F0} GB/s reading, {peak.CopyGigabytes:F0} GB/s copying (read and written)")),
    ];

    private static (string Name, string Value)[] Rows(DeviceUsage memory)
    {
        string driver = memory.OccupiedBytes is { } occupied
            ? $"; the driver calls {Format.Bytes(occupied)} taken, by all processes"
            : string.Empty;
        return
        [
            ("weights", Format.Invariant($"{memory.Parameters:N0}, {Format.Bytes(memory.WeightBytes)}")),
            ("device memory", $"{Format.Bytes(memory.UsedBytes)} of ours, weights included{driver}"),
        ];
    }
}
