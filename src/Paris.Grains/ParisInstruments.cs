using System.Diagnostics.Metrics;

namespace Paris.Grains;

/// <summary>The instruments of the meter <c>Paris</c>: OpenTelemetry names, UCUM units, tags bounded to run, expert and silo.</summary>
public sealed class ParisInstruments
{
    public const string MeterName = "Paris";

    private readonly Gauge<double> _loss;
    private readonly Gauge<long> _step;
    private readonly Counter<long> _samples;
    private readonly Gauge<double> _rate;
    private readonly Histogram<double> _stepDuration;
    private readonly Histogram<double> _checkpointDuration;
    private readonly Histogram<double> _checkpointStall;
    private readonly Gauge<long> _queued;
    private readonly Gauge<long> _slots;
    private readonly Gauge<long> _deletionCost;
    private readonly Gauge<double> _silence;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _rollbacks;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _straggling;
    private readonly Counter<long> _hung;
    private readonly Counter<long> _bytesBetweenExperts;

    public ParisInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _loss = meter.CreateGauge<double>("paris.expert.loss", null, "Training loss of an expert, the router or the twin.");
        _step = meter.CreateGauge<long>("paris.expert.step", "{step}", "Optimiser step reached.");
        _samples = meter.CreateCounter<long>("paris.samples", "{sample}", "Samples worked on.");
        _rate = meter.CreateGauge<double>("paris.sample.rate", null, "Samples a second of the running worker.");
        _stepDuration = meter.CreateHistogram<double>("paris.step.duration", "s", "Duration of a training step.");
        _checkpointDuration = meter.CreateHistogram<double>("paris.checkpoint.duration", "s", "Snapshot to commit of a checkpoint.");
        _checkpointStall = meter.CreateHistogram<double>("paris.checkpoint.stall", "s", "Time that training waited for a checkpoint.");
        _queued = meter.CreateGauge<long>("paris.jobs.queued", "{job}", "Jobs that wait for a slot: the autoscaling signal.");
        _slots = meter.CreateGauge<long>("paris.slots", "{slot}", "Slots by state (free, used).");
        _deletionCost = meter.CreateGauge<long>("paris.silo.deletion_cost", null, "What removing the silo would disturb: 100 a running job and up to 100 more for its progress; 0 when idle.");
        _silence = meter.CreateGauge<double>("paris.worker.silence", "s", "Time since the worker's last line; 0 when it has ended.");
        _fenced = meter.CreateCounter<long>("paris.fenced", "{worker}", "Workers that found another owner in the head.");
        _rollbacks = meter.CreateCounter<long>("paris.rollbacks", "{rollback}", "Bad steps (not finite, or a spike) that were undone and skipped.");
        _retries = meter.CreateCounter<long>("paris.retries", "{retry}", "Restarts charged to a job, by cause.");
        _straggling = meter.CreateCounter<long>("paris.straggling", "{event}", "Times that a worker became much slower than it usually is.");
        _hung = meter.CreateCounter<long>("paris.hung", "{worker}", "Workers that were killed because no event came from them.");
        _bytesBetweenExperts = meter.CreateCounter<long>("paris.bytes.between_experts", "By", "Bytes a worker tried to read of another expert.");
    }

    public void Step(in JobTags tags, long step) => _step.Record(step, tags.Tags);

    public void Silence(in JobTags tags, double seconds) => _silence.Record(seconds, tags.Tags);

    public void Rate(in JobTags tags, double rate) => _rate.Record(rate, tags.Tags);

    public void Samples(in JobTags tags, long count) => _samples.Add(count, tags.Tags);

    public void Committed(in JobTags tags, double seconds) => _checkpointDuration.Record(seconds, tags.Tags);

    public void Fenced(in JobTags tags) => _fenced.Add(1, tags.Tags);

    public void Straggles(in JobTags tags) => _straggling.Add(1, tags.Tags);

    public void Hung(in JobTags tags) => _hung.Add(1, tags.Tags);

    public void Retry(in JobTags tags, FailureCause cause) => _retries.Add(1, [.. tags.Tags, new("cause", cause.ToString())]);

    /// <summary>A metric that a worker measured, by its name in the worker protocol; unknown names stay in the job's status.</summary>
    /// <param name="tags">The job's.</param>
    /// <param name="name">The metric.</param>
    /// <param name="value">Its value.</param>
    /// <param name="before">What the same worker said before; 0 at first.</param>
    public void Measured(in JobTags tags, string name, double value, double before)
    {
        switch (name)
        {
            case "loss":
                _loss.Record(value, tags.Tags);
                break;
            case "step-seconds":
                _stepDuration.Record(value, tags.Tags);
                break;
            case "checkpoint-stall-seconds":
                _checkpointStall.Record(value, tags.Tags);
                break;
            case "bytes-between-experts":
                _bytesBetweenExperts.Add((long)Math.Max(0, value - before), tags.Tags);
                break;
            case "rollbacks":
                _rollbacks.Add(1, tags.Tags);
                break;
        }
    }

    /// <summary>The length of the cluster's queue.</summary>
    public void Queued(int jobs) => _queued.Record(jobs);

    /// <summary>What removing a silo would disturb; see <see cref="SiloReport.DeletionCost"/>.</summary>
    public void DeletionCost(string silo, int cost) => _deletionCost.Record(cost, new KeyValuePair<string, object?>("silo", silo));

    /// <summary>A silo's slots.</summary>
    public void Slots(string silo, int free, int used)
    {
        _slots.Record(free, new("silo", silo), new("state", "free"));
        _slots.Record(used, new("silo", silo), new("state", "used"));
    }
}

/// <summary>The tags of one job's measurements: run, expert (its number, or the job's kind) and silo.</summary>
public readonly record struct JobTags(string Run, string Expert, string Silo)
{
    public static JobTags Of(JobId job, string silo) => new(job.Run, job.Kind == JobKind.TrainExpert ? job.Part : job.KindName, silo);

    internal KeyValuePair<string, object?>[] Tags => [new("run", Run), new("expert", Expert), new("silo", Silo)];
}
