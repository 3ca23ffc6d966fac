using IlZo.Backends;
using IlZo.Backends.Cpu;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public class EngineRequestTests
{
    [Fact]
    public void Each_kind_of_device_takes_its_own_engines_and_precisions_and_no_others()
    {
        string[] engines = ["auto", "managed", "amx", "cuda", "avx512-bf16", "AMX", ""];
        string[] precisions = ["auto", "fp32", "bf16x3", "fp16", "bf16", "fp8", ""];
        HashSet<(DeviceKind?, string, string)> possible =
        [
            .. Pairs(DeviceKind.Cpu, ("auto", "auto fp32 bf16x3 bf16"), ("managed", "auto fp32"), ("amx", "auto bf16x3 bf16")),
            .. Pairs(DeviceKind.Cuda, ("auto", "auto fp32 bf16x3 fp16 bf16"), ("cuda", "auto fp32 bf16x3 fp16 bf16")),
            .. Pairs(
                null,
                ("auto", "auto fp32 bf16x3 fp16 bf16"),
                ("cuda", "auto fp32 bf16x3 fp16 bf16"),
                ("managed", "auto fp32"),
                ("amx", "auto bf16x3 bf16")),
        ];
        foreach (DeviceKind? kind in (DeviceKind?[])[DeviceKind.Cpu, DeviceKind.Cuda, null])
        {
            foreach (string engine in engines)
            {
                foreach (string precision in precisions)
                {
                    var error = Record.Exception(() => new EngineRequest(engine, precision).Validate(kind));
                    Assert.Equal(possible.Contains((kind, engine, precision)), error is null);
                    Assert.True(error is null or InvalidInputException);
                }
            }
        }
    }

    [Theory]
    [InlineData(DeviceKind.Cuda, "managed", "auto", "Engine is 'managed' on a GPU; auto or cuda was expected.")]
    [InlineData(DeviceKind.Cpu, "cuda", "auto", "Engine is 'cuda' on the CPU; auto, managed or amx was expected.")]
    [InlineData(DeviceKind.Cpu, "auto", "fp16", "Precision is 'fp16' on the CPU; auto, fp32, bf16x3 or bf16 was expected.")]
    [InlineData(DeviceKind.Cpu, "amx", "fp32", "Precision is 'fp32' with Engine amx; auto, bf16x3 or bf16 was expected.")]
    [InlineData(null, "gpu", "auto", "Engine is 'gpu'; auto, managed, amx or cuda (on a GPU) was expected.")]
    [InlineData(null, "auto", "fp8", "Precision is 'fp8'; auto, fp32, bf16x3, fp16 (on a GPU) or bf16 was expected.")]
    [InlineData(null, "cuda", "fp8", "Precision is 'fp8' with Engine cuda; auto, fp32, bf16x3, fp16 or bf16 was expected.")]
    public void A_refusal_says_what_was_expected(DeviceKind? kind, string engine, string precision, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => new EngineRequest(engine, precision).Validate(kind)).Message);

    [Theory]
    [InlineData(
        null,
        "auto",
        "Precision is 'bf16', whose rounding changes projected gradients by some ten percent; auto, fp32, bf16x3 or fp16 (on a GPU) was "
            + "expected.")]
    [InlineData(
        DeviceKind.Cpu,
        "auto",
        "Precision is 'bf16', whose rounding changes projected gradients by some ten percent; auto, fp32 or bf16x3 was expected.")]
    [InlineData(
        DeviceKind.Cpu,
        "amx",
        "Precision is 'bf16', whose rounding changes projected gradients by some ten percent; auto or bf16x3 was expected.")]
    [InlineData(
        DeviceKind.Cuda,
        "cuda",
        "Precision is 'bf16', whose rounding changes projected gradients by some ten percent; auto, fp32, bf16x3 or fp16 was expected.")]
    [InlineData(DeviceKind.Cpu, "managed", "Precision is 'bf16' with Engine managed; auto or fp32 was expected.")]
    public void Bf16_is_not_for_training(DeviceKind? kind, string engine, string message)
    {
        var request = new EngineRequest(engine, "bf16") { IsForTraining = true };
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => request.Validate(kind)).Message);
    }

    [Fact]
    public void A_refusal_lists_what_a_training_would_be_given_and_nothing_else()
    {
        string[] precisions = ["auto", "fp32", "bf16x3", "fp16", "bf16"];
        foreach (var (kind, engine) in ((DeviceKind, string)[])
            [(DeviceKind.Cpu, "auto"), (
                DeviceKind.Cpu, "managed"), (DeviceKind.Cpu, "amx"), (DeviceKind.Cuda, "auto"), (DeviceKind.Cuda, "cuda")])
        {
            foreach (bool training in (bool[])[false, true])
            {
                string message = Assert.Throws<InvalidInputException>(() => Ask("fp8").Validate(kind)).Message;
                string[] listed = message[(message.IndexOf(';', StringComparison.Ordinal) + 1)..].Replace(
                    " was expected.", string.Empty, StringComparison.Ordinal)
                    .Split([", ", " or ", " "], StringSplitOptions.RemoveEmptyEntries);
                Assert.Equal(precisions.Where(p => Record.Exception(() => Ask(p).Validate(kind)) is null), listed);

                EngineRequest Ask(string precision) => new(engine, precision) { IsForTraining = training };
            }
        }
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("auto", null)]
    [InlineData("cpu", DeviceKind.Cpu)]
    [InlineData("cuda:3", DeviceKind.Cuda)]
    public void A_name_says_the_kind_of_device_unless_it_is_auto(string? name, DeviceKind? kind) =>
        Assert.Equal(kind, DeviceName.KindOf(name));

    // Without a trial auto is not tiles, and whatever a machine lacks is replaced by C#.
    [Theory]
    [InlineData("auto", "auto", "managed", "fp32")]
    [InlineData("auto", "fp32", "managed", "fp32")]
    [InlineData("managed", "auto", "managed", "fp32")]
    [InlineData("amx", "auto", "amx", "bf16x3")]
    [InlineData("amx", "bf16", "amx", "bf16")]
    [InlineData("auto", "bf16x3", "amx", "bf16x3")]
    [InlineData("auto", "bf16", "avx512-bf16", "bf16")]
    public void The_processor_says_what_computes_in_the_end(string engine, string precision, string name, string exactly)
    {
        var choice = EngineChoice.Of(new EngineRequest(engine, precision));
        using var backend = new CpuBackend(1, choice);
        Assert.Equal(choice.Notice is null ? new Engine(name, exactly) : new Engine("managed", "fp32"), backend.Engine);
        Assert.True(choice.Notice is null || name != "managed");
        Assert.Equal(DeviceKind.Cpu, backend.Engine.Kind);
    }

    private static IEnumerable<(DeviceKind?, string, string)> Pairs(DeviceKind? kind, params (string Engine, string Precisions)[] rows) =>
        rows.SelectMany(r => r.Precisions.Split(' ').Select(p => (kind, r.Engine, p)));
}
