using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class RunFolderTests
{
    [Fact]
    public void Of_several_that_start_in_a_folder_one_begins_the_run_that_it_holds()
    {
        const int Starters = 6;
        using var temp = new TempFolder();
        for (int round = 0; round < 20; round++)
        {
            var folder = new RunFolder(temp[$"{round}"]);
            using var together = new Barrier(Starters);
            var begun = new System.Collections.Concurrent.ConcurrentBag<double?>();
            var threads = Enumerable.Range(1, Starters).Select(i => new Thread(() =>
            {
                var configuration = Configuration(i);
                together.SignalAndWait();
                try
                {
                    begun.Add(folder.Start(configuration, resume: null).Options.LearningRate);
                }
                catch (InvalidInputException)
                {
                    // The others find the run of the one.
                }
            })).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            Assert.Equal(Assert.Single(begun), folder.ReadConfiguration().Options.LearningRate);
        }
    }

    [Fact]
    public void What_a_kill_leaves_of_the_first_file_is_no_other_file()
    {
        using var temp = new TempFolder();
        var folder = new RunFolder(temp["run"]);
        Directory.CreateDirectory(folder.FullPath);
        string left = temp["run", ".config.json.tmp-0123456789abcdef0123456789abcdef"];
        File.WriteAllText(left, "{");
        var run = folder.Start(Configuration(1), resume: new ResumePolicy());
        folder.RemoveTemporary();
        Assert.Equal([folder.ConfigurationFile, folder.TrajectoryFile + ".lock"], Directory.GetFiles(folder.FullPath).Order());
        Directory.CreateDirectory(temp["other"]);
        File.WriteAllText(temp["other", ".config.json.tmp-1"], "");
        Assert.Throws<InvalidInputException>(() => new RunFolder(temp["other"]).Start(Configuration(1), resume: new ResumePolicy()));
    }

    [Fact]
    public void More_steps_are_recorded_once_the_run_goes_on()
    {
        using var temp = new TempFolder();
        var folder = new RunFolder(temp["run"]);
        var begun = Configuration(1);
        folder.Start(begun, resume: null);
        byte[] before = File.ReadAllBytes(folder.ConfigurationFile);
        var longer = folder.Start(begun with { Options = begun.Options with { Steps = 2000 } }, resume: new ResumePolicy());
        Assert.Equal(before, File.ReadAllBytes(folder.ConfigurationFile));
        folder.Continue(longer, longer.Engine, 0);
        Assert.Equal(2000, folder.ReadConfiguration().Options.Steps);
    }

    private static RunConfiguration Configuration(double rate) =>
        new(new TrainingOptions { LearningRate = rate, Engine = "managed", Precision = "fp32" }, "weights", "examples");
}
