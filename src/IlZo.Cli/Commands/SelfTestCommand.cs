using System.CommandLine;
using IlZo.Backends;
using IlZo.Cli.Gpu;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo selftest</c>.</summary>
internal static class SelfTestCommand
{
    private static readonly Option<string?> s_device = Flags.Text(
        "--device", "cuda:N|cpu", "The GPU (default: cuda:0); cpu is ILGPU's simulation of one, which takes kernels only.");
    private static readonly Option<bool> s_json = Flags.Json("One JSON object a check.");

    public static Command Create()
    {
        var command = new Command("selftest", "Compare a GPU with the CPU engine: every kernel, a two-point step, and a short training.") { s_device, s_json };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        int? index = DeviceName.CudaIndex(parsed.GetValue(s_device) ?? "cuda:0");
        bool json = parsed.GetValue(s_json);
        int failed = 0;
        foreach (var line in GpuSupport.SelfTest(index))
        {
            failed += line.Passed ? 0 : 1;
            Print(line, json);
        }

        Terminal.Say(failed == 0 ? "all checks passed." : $"{failed} checks failed.");
        return failed == 0 ? 0 : Failure.Work;
    }

    private static void Print(SelfTestLine line, bool json)
    {
        if (!json)
        {
            string verdict = line.Passed ? "ok" : "FAILED";
            Terminal.Results.WriteLine(Format.Invariant($"{verdict,-7} {line.Name,-48} difference {line.Difference,8:G2}, allowed {line.Allowed,6:G2}"));
            Terminal.Results.Flush();
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteString("check", line.Name);
            Json.WriteNumber(writer, "difference", line.Difference);
            writer.WriteNumber("allowed", line.Allowed);
            writer.WriteBoolean("passed", line.Passed);
        });
    }
}
