using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;

namespace IlZo.Gpu.Tests;

public class SynchronizationTests
{
    [Fact]
    public void The_host_waits_once_in_a_two_point_step()
    {
        using var fixture = new ForwardFixture("llama-gqa", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(fixture.Model.Parameters);
        using var optimizer = MethodTests.Create(fixture.Model, "mezo");
        int[] ids = fixture.Inputs[3].Ids;
        for (uint step = 1; step <= 3; step++)
        {
            long before = device.Backend.Stream.Waits;
            var z = new GaussianDirection(new NoiseKey(5, NoiseStream.Direction, step, 0));
            var batch = ForwardFixture.Batch(ids);
            var pass = device.Backend.Begin(batch, [Probe.Pair(z, 1e-3)]);
            var hidden = fixture.Model.Forward(pass);
            _ = pass.LogProbabilities(hidden, fixture.Model.Head, [(0, 1), (3, 2)]);
            optimizer.Apply(new StepRecord { Step = step, LearningRate = 1e-6, Losses = [1, 2], Coefficients = [1] }, device.Backend);
            Assert.Equal(1, device.Backend.Stream.Waits - before);
        }
    }
}
