using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string File => _temp["metrics.jsonl"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Writes_an_object_a_line()
    {
        using (var log = MetricsLog.Open(File, -1))
        {
            log.Write(0, w => w.WriteNumber("loss", 2.5));
            log.Write(0, w => w.WriteString("text", "a\nb"));
            log.Write(7, _ => { });
            log.Flush(toDisk: true);
            Assert.Throws<ArgumentOutOfRangeException>(() => log.Write(6, _ => { }));
        }

        Assert.Equal("{\"step\":0,\"loss\":2.5}\n{\"step\":0,\"text\":\"a\\nb\"}\n{\"step\":7}\n", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_line_that_fails_leaves_nothing()
    {
        using (var log = MetricsLog.Open(File, -1))
        {
            Assert.Throws<ArgumentException>(() => log.Write(1, w => w.WriteNumber("loss", double.NaN)));
            log.Write(1, w => w.WriteNumber("loss", 1));
        }

        Assert.Equal("{\"step\":1,\"loss\":1}\n", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_resumed_file_equals_that_of_an_uninterrupted_run()
    {
        // Two lines for some steps, as when a step is also evaluated.
        long[] steps = [0, 0, 1, 2, 2, 3, 10];
        Continue(-1, steps);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length <= whole.Length; length++)
        {
            int lines = whole.AsSpan(0, length).Count((byte)'\n');

            // From every step whose lines are all there but possibly for the last newline.
            for (long resume = -1; resume <= 10; resume++)
            {
                int kept = steps.Count(s => s <= resume);
                bool present = kept <= lines || (kept == lines + 1 && length < whole.Length && whole[length] == '\n');
                if (!present)
                {
                    continue;
                }

                System.IO.File.WriteAllBytes(File, whole[..length]);
                Continue(resume, steps);
                Assert.Equal(whole, System.IO.File.ReadAllBytes(File));
            }
        }
    }

    [Fact]
    public void A_torn_last_line_is_cut_whatever_it_holds()
    {
        foreach (string torn in new[] { "{\"ste", "\0\0\0\0", "{}", "{\"step\":1.5}\n", "[]\n", "\n", "{\"step\":\"2\"}" })
        {
            System.IO.File.WriteAllText(File, "{\"step\":1}\n" + torn);
            MetricsLog.Open(File, 100).Dispose();
            Assert.Equal("{\"step\":1}\n", System.IO.File.ReadAllText(File));
        }
    }

    [Theory]
    [InlineData("{\"step\":1}\nx\n{\"step\":2}\n", "line 2 is not a JSON object")]
    [InlineData("{\"loss\":1}\n{\"step\":2}\n", "line 1 is not a JSON object")]
    [InlineData("{\"step\":1}\n\n{\"step\":2}\n", "line 2 is not a JSON object")]
    [InlineData("{\"step\":5}\n{\"step\":4}\n", "line 2 is about step 4")]
    public void Damage_before_the_last_line_is_refused_and_the_file_kept(string content, string words)
    {
        System.IO.File.WriteAllText(File, content);

        string message = Assert.Throws<InvalidInputException>(() => MetricsLog.Open(File, 100)).Message;

        Assert.Contains($"'{File}'", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllText(File));
    }

    /// <summary>Opens the log as a run that resumes after a step, and writes the lines of the later ones.</summary>
    private void Continue(long step, long[] steps)
    {
        using var log = MetricsLog.Open(File, step);
        for (int i = 0; i < steps.Length; i++)
        {
            if (steps[i] > step)
            {
                log.Write(steps[i], w => w.WriteNumber("line", i));
            }
        }
    }
}
