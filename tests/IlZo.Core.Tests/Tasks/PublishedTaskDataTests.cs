using System.Text;
using IlZo.BuiltIn;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>
/// The tasks on their published data, which may not be redistributed here: read from <c>ILZO_TEST_DATA/tasks/&lt;task&gt;</c>.
/// </summary>
public class PublishedTaskDataTests
{
    [Theory]
    [InlineData("sst2", 67349)]
    [InlineData("sst2-sentiment", 67349)]
    [InlineData("rte", 2490)]
    [InlineData("cb", 250)]
    [InlineData("boolq", 2000)]
    [InlineData("wsc", 554)]
    [InlineData("wic", 5428)]
    [InlineData("multirc", 27243)]
    [InlineData("copa", 400)]
    public void Every_row_becomes_an_example(string name, int trainExamples)
    {
        var task = TaskCatalog.Load(name);
        var data = TaskData.Load(task, Folder(task.Sample ?? name));

        Assert.Equal(trainExamples, data.Train.Count);
        Assert.Equal(Enumerable.Range(0, task.CandidateCount), data.Train.Select(e => e.Correct).Distinct().Order());
        var split = Sampling.Split(data.Train.Count, data.Validation.Count, 1000, task.DevExamples, 1000, 0);
        foreach (var example in split.Train.Concat(split.Dev).Select(i => data.Train[i]).Concat(split.Test.Select(i => data.Validation[i])))
        {
            Assert.Equal(example.Candidates.Select(c => example.Prompt + (task.Sample is null ? c : " " + c)), example.Verbalized);
            Assert.DoesNotContain("", example.Candidates);
        }
    }

    // The row counts of these folders, which are samples; DROP's answers are numbers, dates and one or more spans.
    [Theory]
    [InlineData("record", 16, 10)]
    [InlineData("squad", 759, 373)]
    [InlineData("drop", 554, 319)]
    public void Every_row_has_an_answer(string name, int trainExamples, int validationExamples)
    {
        var data = TaskData.Load(TaskCatalog.Load(name), Folder(name));

        Assert.Equal((trainExamples, validationExamples), (data.Train.Count, data.Validation.Count));
        foreach (var example in data.Train.Concat(data.Validation))
        {
            Assert.InRange(example.Accepted.Count, 1, example.Candidates.Count);
            Assert.Equal(example.Accepted[0], example.Correct);
            Assert.Equal(name != "record", example.Answers.Count > 0);
            Assert.All(example.Verbalized, v => Assert.StartsWith(example.Prompt, v, StringComparison.Ordinal));
            Assert.All(example.Verbalized, v => Assert.DoesNotContain("@", v[example.Prompt.Length..], StringComparison.Ordinal));
            Assert.All(example.Answers, a => Assert.DoesNotMatch(@"^\s*$", a));
        }
    }

    [Fact]
    public void The_built_in_sample_is_NumPys_choice_of_rows()
    {
        string folder = Folder("sst2");
        string[] rows = File.ReadAllLines(Path.Combine(folder, "train.jsonl"));
        int[] order = new NumPyRandom(0).Permutation(rows.Length);

        Assert.Equal(order[..1000].Order().Select(i => rows[i]), Lines("sst2/train.jsonl"));
        Assert.Equal(order[1000..1500].Order().Select(i => rows[i]), Lines("sst2/dev.jsonl"));
        Assert.Equal(File.ReadAllLines(Path.Combine(folder, "validation.jsonl")), Lines("sst2/validation.jsonl"));
    }

    private static string[] Lines(string path)
    {
        return Encoding.UTF8.GetString(BuiltInFiles.ReadAllBytes(path)).TrimEnd('\n').Split('\n');
    }

    private static string Folder(string task)
    {
        string? folder = TestData.External("tasks", task);
        Assert.SkipWhen(folder is null, "ILZO_TEST_DATA is not set.");
        return folder;
    }
}
