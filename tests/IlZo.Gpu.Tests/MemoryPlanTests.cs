using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Training;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests;

/// <summary>
/// What <see cref="TrainingMemory"/> predicts against what a two-point pass takes on a device. No kernel runs, so that batches can be
/// large.
/// </summary>
public class MemoryPlanTests
{
    // What the arena takes beside activations, and what the host sends.
    private const long Slack = 3 << 20;

    private const int Texts = 256;
    private const int Length = 32;

    public static MatrixTheoryData<string, ProductPrecision> Models => new(
        ["opt-tiny", "opt-350m-style", "gpt2-tiny", "llama-mha", "llama-gqa", "roberta-tiny"],
        [ProductPrecision.Fp32, ProductPrecision.SplitBFloat16, ProductPrecision.Half]);

    [Theory]
    [MemberData(nameof(Models))]
    public void Activations_and_their_rounded_copies_take_what_was_predicted(string folder, ProductPrecision products)
    {
        using var fixture = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice(TestDevice.Single, 1L << 30, new IdleLoader(), products);
        var plan = TrainingMemory.Predict(
            fixture.Model, null, new TrainingOptions { Precision = products.Name() }, Texts, Length, DeviceKind.Cuda);
        device.Backend.Load(fixture.Model.Parameters);
        long weights = device.Backend.UsedBytes;
        var builder = new TokenBatchBuilder();
        for (int i = 0; i < Texts; i++)
        {
            builder.Read(builder.AddText(new int[Length]), Length - 1);
        }

        var batch = builder.Build();
        var direction = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 0, 0));
        var pass = device.Backend.Begin(batch, [Probe.Pair(direction, 1e-3)]);
        long taken = 0;
        var rows = fixture.Model.Forward(pass, (_, _) => taken = device.Backend.UsedBytes - weights);
        Assert.InRange(taken, plan.Activations, plan.Activations + Slack);
        _ = pass.LogProbabilities(rows, fixture.Model.Head, [(0, 0)]);
        Assert.InRange(device.Backend.UsedBytes - weights, plan.Activations, plan.Activations + plan.Runtime);
    }

    // Makes functions that do nothing.
    private sealed class IdleLoader : IKernelLoader
    {
        public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
            where T : struct => (_, _, _) => { };

        public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
            where T1 : struct
            where T2 : struct => (_, _, _, _) => { };
    }
}
