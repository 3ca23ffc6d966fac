using System.CommandLine;
using IlZo.Backends;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Cli.Gpu;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo selftest</c>.</summary>
internal static class SelfTestCommand
{
    private static readonly Option<string?> s_device = Flags.Text(
        "--device", "cuda:N|cpu", "The GPU (default: cuda:0); cpu is ILGPU's simulated one, which skips the built-in model.");
    private static readonly Option<string?> s_engine = Flags.Text(
        "--engine", "amx|avx512-bf16",
        "Test a CPU engine that emits machine code instead: its kernels, layers, attention, and interrupted threads.");
    private static readonly Option<string?> s_only = Flags.Text("--only", "TEXT", "Run only the checks whose names contain TEXT.");
    private static readonly Option<string?> s_writePtx = Flags.Text(
        "--write-ptx", "DIR", "Write the PTX of all kernels and their names into a folder instead, for an assembler; no GPU is needed.");
    private static readonly Option<bool> s_json = Flags.Json("Print one JSON object per check.");

    public static Command Create()
    {
        var command = new Command(
            "selftest",
            "Compare a GPU with the CPU engine: every kernel, large products, a two-point step of each model family, and training.")
        {
            s_device, s_engine, s_only, s_writePtx, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        bool json = parsed.GetValue(s_json);
        if (parsed.GetValue(s_writePtx) is { } folder)
        {
            int kernels = GpuTrial.WriteKernels(folder);
            Terminal.Say($"{kernels} kernels were written to '{folder}'.");
            return 0;
        }

        if (parsed.GetValue(s_engine) is { } engine)
        {
            if (parsed.GetValue(s_only) is not null)
            {
                throw new InvalidInputException("--only is given with --engine; it is for checks of a GPU.");
            }

            return parsed.GetValue(s_device) is null
                ? End(EngineSelfTest.Run(engine).Count(check => !Print(check, json)))
                : throw new InvalidInputException("--device is given with --engine; one of them was expected.");
        }

        int? index = DeviceName.CudaIndex(parsed.GetValue(s_device) ?? "cuda:0");
        int failed = 0;
        foreach (var line in GpuTrial.SelfTest(index, parsed.GetValue(s_only)))
        {
            failed += line.Passed ? 0 : 1;
            Print(line, json);
        }

        return End(failed);
    }

    private static int End(int failed)
    {
        Terminal.Say(failed == 0 ? "all checks passed." : $"{failed} checks failed.");
        return failed == 0 ? 0 : Failure.Work;
    }

    private static string Verdict(bool passed) => passed ? "ok" : "FAILED";

    private static bool Print(EngineCheck check, bool json)
    {
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("check", check.Name);
                writer.WriteString("finding", check.Finding);
                writer.WriteBoolean("passed", check.Passed);
            });
        }
        else
        {
            Terminal.Results.WriteLine($"{Verdict(check.Passed),-7} {check.Name}: {check.Finding}");
        }

        Terminal.Results.Flush();
        return check.Passed;
    }

    private static void Print(SelfTestLine line, bool json)
    {
        if (!json)
        {
            string finding = line.Error ?? Format.Invariant(
                $"difference {line.Difference,8:G2}, allowed "
                    + $"{line.Allowed,6:G2}{(line.Repeats ? string.Empty : ", and other bits when asked again")}");
            Terminal.Results.WriteLine($"{Verdict(line.Passed),-7} {line.Name,-48} {finding}");
        }
        else
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("check", line.Name);
                Json.WriteNumber(writer, "difference", line.Difference);
                writer.WriteNumber("allowed", line.Allowed);
                writer.WriteBoolean("repeats", line.Repeats);
                writer.WriteBoolean("passed", line.Passed);
                if (line.Error is { } error)
                {
                    writer.WriteString("error", error);
                }
            });
        }

        Terminal.Results.Flush();
        Failure.ShowLog(line.Log);
    }
}
